"""format: documents of each phase become token ids and masks; what a language costs in tokens is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from rantau.chat import template_for
from rantau.errors import TrainingError
from rantau.files import read_parquet, write_json, write_jsonl, write_parquet
from rantau.model.base import tokenizer_hash
from rantau.recipe import Phase
from rantau.records import Document
from rantau.run.progress import Bar
from rantau.run.stage import Context, Stage
from rantau.stages.formatting.counts import Counts
from rantau.stages.formatting.fertility import Fertility
from rantau.stages.formatting.packing import packed
from rantau.stages.formatting.samples import Row, Writer, rows_of


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
    dropped: list[dict[str, Any]] = []
    counts = {p.name: _format_phase(ctx, p, writer, fertility, dropped) for p in ctx.recipe.phases}
    write_jsonl(ctx.out / "dropped.jsonl", dropped)
    write_json(ctx.out / "counts.json", {name: asdict(c) for name, c in counts.items()})
    write_json(ctx.out / "fertility.json", fertility.table(ctx.recipe.language.source))
    return Formatted(
        rows=sum(c.rows for c in counts.values()),
        dropped=len(dropped),
        truncated=sum(c.truncated for c in counts.values()),
        tokens=sum(c.tokens for c in counts.values()),
        learnt_tokens=sum(c.learnt_tokens for c in counts.values()),
        template=template.name,
        notes=template.notes,
    )


def _format_phase(
    ctx: Context, phase: Phase, writer: Writer, fertility: Fertility, dropped: list[dict[str, Any]]
) -> Counts:
    """Streams one phase through, row by row; adds to `dropped`."""
    import pyarrow.parquet as pq

    path, counts = ctx.inputs["mix"] / "phases" / f"{phase.name}.parquet", Counts()
    documents = map(Document.from_row, read_parquet(path))
    with ctx.progress.bar(f"format {phase.name}", pq.read_metadata(path).num_rows, unit=" rows") as bar:
        rows = _rows(documents, phase, writer, fertility, counts, dropped, bar)
        write_parquet(ctx.out / f"{phase.name}.parquet", rows, sample_schema())
    counts.check()
    if not counts.rows:
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.dropped.items())) or "no documents"
        raise TrainingError(
            f"Phase {phase.name}: none of {counts.rows_in} rows can be learnt ({reasons}). "
            f"Look at phases.{phase.name}.max_tokens and at the phase's sources."
        )
    return counts


def _rows(
    documents: Iterator[Document],
    phase: Phase,
    writer: Writer,
    fertility: Fertility,
    counts: Counts,
    dropped: list[dict[str, Any]],
    bar: Bar,
) -> Iterator[dict[str, Any]]:
    rows = _written(documents, phase, writer, fertility, counts, dropped, bar)
    packs = phase.packing == "best_fit"
    for row in packed(rows, max_tokens=phase.max_tokens) if packs else rows:
        counts.add_row(row, joined=len(row.parts) - 1 if packs else 0)
        sample = row.sample
        yield {
            "id": sample.id,
            "source": sample.source,
            "ids": sample.ids,
            "learnt": sample.learnt,
            "parts": row.parts,
        }


def _written(
    documents: Iterator[Document],
    phase: Phase,
    writer: Writer,
    fertility: Fertility,
    counts: Counts,
    dropped: list[dict[str, Any]],
    bar: Bar,
) -> Iterator[Row]:
    for document in documents:
        bar.advance()
        fertility.add(document)
        written = rows_of(document, phase, writer)
        counts.add_document(written)
        if written.dropped is not None:
            dropped.append({"phase": phase.name, **asdict(written.dropped)})
        yield from written.rows


def sample_schema() -> Any:
    """Arrow schema of a training row: id, source, ids, learnt; parts: tokens of each text in it, which do not see
    one another."""
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.string()),
            ("source", pa.string()),
            ("ids", pa.list_(pa.int32())),
            ("learnt", pa.list_(pa.bool_())),
            ("parts", pa.list_(pa.int32())),
        ]
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
