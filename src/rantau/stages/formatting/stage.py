"""format: documents of each phase become token ids and masks; what a language costs in tokens is counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from rantau.chat import template_for
from rantau.errors import TrainingError
from rantau.files import read_parquet, write_json, write_jsonl, write_parquet
from rantau.model.base import tokenizer_hash
from rantau.records import Document
from rantau.run.stage import Context, Stage
from rantau.stages.formatting.fertility import Fertility
from rantau.stages.formatting.passage import Passage, sample_schema
from rantau.stages.formatting.samples import Writer


@dataclass(frozen=True, slots=True)
class Formatted:
    """Numbers over all phases, and what the template should be known for."""

    rows: int
    dropped: int
    truncated: int
    tokens: int
    learnt_tokens: int
    template: str
    notes: tuple[str, ...]


def format_phases(ctx: Context) -> Formatted:
    """Writes <phase>.parquet, dropped.jsonl, counts.json and fertility.json.

    Raises   DataError (see samples.rows_of); TrainingError if a phase has no row left
    """
    from rantau.model.tokenizer import load_tokenizer

    base, words = load_tokenizer(ctx.recipe.model), ctx.inputs.get("vocabulary")
    tokenizer = load_tokenizer(ctx.recipe.model, vocabulary=words) if words else base
    template = template_for(ctx.recipe.formatting, tokenizer)
    writer = Writer(template, tokenizer, ctx.recipe.formatting.system_prompt)
    fertility = Fertility(base)
    passages = [Passage(phase, writer, fertility) for phase in ctx.recipe.phases]
    for passage in passages:
        _format_phase(ctx, passage)
    counts, dropped = [p.counts for p in passages], [row for p in passages for row in p.dropped]
    write_jsonl(ctx.out / "dropped.jsonl", dropped)
    write_json(ctx.out / "counts.json", {p.phase.name: asdict(p.counts) for p in passages})
    write_json(ctx.out / "fertility.json", fertility.table(ctx.recipe.language.source))
    return Formatted(
        rows=sum(c.rows for c in counts),
        dropped=len(dropped),
        truncated=sum(c.truncated for c in counts),
        tokens=sum(c.tokens for c in counts),
        learnt_tokens=sum(c.learnt_tokens for c in counts),
        template=template.name,
        notes=template.notes,
    )


def _format_phase(ctx: Context, passage: Passage) -> None:
    """Streams one phase through, row by row."""
    import pyarrow.parquet as pq

    name, counts = passage.phase.name, passage.counts
    path = ctx.inputs["mix"] / "phases" / f"{name}.parquet"
    documents = map(Document.from_row, read_parquet(path))
    n_documents = pq.read_metadata(path).num_rows
    tracked = ctx.progress.track(documents, f"format {name}", n_documents, unit=" rows")
    write_parquet(ctx.out / f"{name}.parquet", passage.rows(tracked), sample_schema())
    counts.check()
    if not counts.rows:
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.dropped.items())) or "no documents"
        raise TrainingError(
            f"Phase {name}: none of {counts.rows_in} rows can be learnt ({reasons}). "
            f"Look at phases.{name}.max_tokens and at the phase's sources."
        )


FORMAT = Stage(
    "format",
    2,
    needs=("mix",),
    slices=(
        "language",
        "model",
        "formatting",
        "phases.*.kind",
        "phases.*.loss_on",
        "phases.*.max_tokens",
        "phases.*.over_long",
        "phases.*.packing",
    ),
    run=format_phases,
    fingerprint=tokenizer_hash,
)


def format_stage(*, vocabulary: str | None) -> Stage:
    """The stage; `vocabulary` is the stage whose tokenizer writes the rows, None = the base's own does."""
    return replace(FORMAT, needs=(*FORMAT.needs, vocabulary)) if vocabulary else FORMAT
