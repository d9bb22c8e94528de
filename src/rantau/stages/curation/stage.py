"""curate: documents -> the documents of each phase in training order; every one left out has a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rantau import files
from rantau.errors import DataError
from rantau.recipe import Curation, Phase, Source
from rantau.records import Document, Dropped
from rantau.run.stage import Context, Stage
from rantau.stages.curation.cleaning import in_normal_form, wrong_length
from rantau.stages.curation.duplicates import SeenTexts
from rantau.stages.curation.expected_language import SCRATCH, judge_documents
from rantau.stages.curation.mixture import Mixture, mix, training_order
from rantau.stages.curation.overlap import HeldOutText
from rantau.stages.curation.sampling import sample
from rantau.stages.curation.weighing import control_token, count_tokens

if TYPE_CHECKING:
    from rantau.chat import Tokenizer


@dataclass(frozen=True, slots=True)
class Curated:
    """documents_in = kept + dropped over all sources; phase_* count what the mixtures drew, phase by phase."""

    documents_in: int
    kept: int
    dropped: int
    untold_language: int
    phase_documents: dict[str, int]
    phase_tokens: dict[str, int]


@dataclass(slots=True)
class _Pile:
    """Documents of one source on their way through the checks."""

    source: Source
    documents_in: int
    kept: list[Document]
    dropped: list[Dropped]
    untold: int = 0

    def keep(self, documents: list[Document], reason: str) -> None:
        """The rest was left out for `reason`."""
        left = {d.id for d in documents}
        self.dropped += [Dropped.of(d, reason) for d in self.kept if d.id not in left]
        self.kept = documents

    def as_counts(self) -> dict[str, object]:
        assert self.documents_in == len(self.kept) + len(self.dropped)
        reasons = Counter(d.reason for d in self.dropped)
        return {
            "in": self.documents_in,
            "kept": len(self.kept),
            "dropped": dict(sorted(reasons.items())),
            "untold_language": self.untold,
        }


def curate(context: Context) -> Curated:
    """Writes phases/<phase>.parquet, dropped.jsonl, counts.json and composition.json.

    Raises   DataError if a phase has nothing to draw from; RecipeError for a column that no row has
    """
    piles = _checked(context)
    _sampled(piles, context)
    mixtures = _mixed(piles, context)
    schema, seed = files.document_schema(), context.recipe.seed
    for phase, mixture in mixtures:
        ordered = training_order(mixture, phase, seed=seed)
        files.write_parquet(
            context.out / "phases" / f"{phase.name}.parquet", (d.to_row() for d in ordered), schema
        )
    files.write_jsonl(context.out / "dropped.jsonl", (asdict(d) for p in piles for d in p.dropped))
    files.write_json(context.out / "counts.json", {p.source.name: p.as_counts() for p in piles})
    files.write_json(context.out / "composition.json", _composition(mixtures, context.recipe.sources))
    return Curated(
        documents_in=sum(p.documents_in for p in piles),
        kept=sum(len(p.kept) for p in piles),
        dropped=sum(len(p.dropped) for p in piles),
        untold_language=sum(p.untold for p in piles),
        phase_documents={phase.name: sum(len(p.documents) for p in m.parts) for phase, m in mixtures},
        phase_tokens={phase.name: m.tokens for phase, m in mixtures},
    )


def _checked(context: Context) -> list[_Pile]:
    """Every source through the checks of single documents, in the order of the recipe."""
    curation: Curation = context.recipe.curation
    heldout = _held_out(context, curation.held_out_words)
    seen = SeenTexts()
    piles = []
    for source in context.recipe.sources:
        documents = _read(context.inputs["gather"] / "documents" / f"{source.name}.parquet")
        pile = _Pile(source, len(documents), [], [])
        clean_ones = [in_normal_form(d, curation.normal_form) for d in documents]
        expected = _expected(clean_ones, source, context)
        pairs = zip(clean_ones, expected, strict=True)
        for clean, as_told in context.progress.track(pairs, f"curate {source.name}", len(documents)):
            reason = _reason_to_drop(clean, as_told, pile, curation, seen, heldout)
            if reason:
                pile.dropped.append(Dropped.of(clean, reason))
            else:
                pile.kept.append(clean)
        piles.append(pile)
    return piles


def _expected(documents: list[Document], source: Source, context: Context) -> list[bool | None]:
    check = context.recipe.curation.language
    if check.detector == "none":
        return [True] * len(documents)
    return judge_documents(documents, source, check, context)


def _reason_to_drop(
    document: Document,
    expected: bool | None,
    pile: _Pile,
    curation: Curation,
    seen: SeenTexts,
    heldout: HeldOutText | None,
) -> str | None:
    reason = wrong_length(document, min_chars=curation.min_chars, max_chars=curation.max_chars)
    if reason:
        return reason
    if curation.exact_duplicates == "drop" and not seen.add(document):
        return "exact duplicate"
    if expected is False:
        return f"not in {pile.source.language}"
    pile.untold += expected is None
    if heldout and heldout.shared_with(document):
        return "shares text with held-out rows"
    return None


def _held_out(context: Context, n: int) -> HeldOutText | None:
    """Held-out text of all sources together: a sentence held out of one may stand in another."""
    if n == 0:
        return None
    folder = context.inputs["gather"] / "heldout"
    rows = (d for s in context.recipe.sources for d in _stream(folder / f"{s.name}.parquet"))
    return HeldOutText(rows, n=n)


def _sampled(piles: list[_Pile], context: Context) -> None:
    by_name = {p.source.name: p for p in piles}
    for number, step in enumerate(context.recipe.curation.sampling, start=1):
        pile = by_name[step.source]
        drawn = sample(pile.kept, step, seed=context.recipe.seed, purpose=f"sampling {number}")
        pile.keep(drawn, f"not drawn: {step.method} sample {number}")


def _mixed(piles: list[_Pile], context: Context) -> list[tuple[Phase, Mixture]]:
    """Tokens are counted once for each source, by the tokenizer of the base model."""
    from rantau.chat import template_for
    from rantau.model.tokenizer import load_tokenizer

    phases: list[Phase] = context.recipe.phases
    used = {name for phase in phases for name, share in phase.mixture.items() if share > 0}
    _refuse_text_in_sft(phases, piles)
    tokenizer = load_tokenizer(context.recipe.model, context.progress)
    formatting = context.recipe.formatting
    template = template_for(formatting, tokenizer)
    n_tokens: dict[str, int] = {}
    mixed = [p for p in piles if p.source.name in used]
    with context.progress.bar("count tokens", sum(len(p.kept) for p in mixed)) as bar:
        for pile in mixed:
            _drop_control_tokens(pile, tokenizer)
            n_tokens |= count_tokens(
                pile.kept, tokenizer=tokenizer, template=template, system_prompt=formatting.system_prompt, bar=bar
            )
    documents = {p.source.name: p.kept for p in mixed}
    mixtures = [(phase, mix(phase, documents, n_tokens, seed=context.recipe.seed)) for phase in phases]
    for phase, mixture in mixtures:
        if mixture.is_short:
            _say_short(phase, mixture, context.progress.say)
    return mixtures


def _drop_control_tokens(pile: _Pile, tokenizer: Tokenizer) -> None:
    clean = [d for d in pile.kept if control_token(d, tokenizer) is None]
    pile.keep(clean, "spells out a control token")


def _refuse_text_in_sft(phases: list[Phase], piles: list[_Pile]) -> None:
    for phase in phases:
        for pile in piles:
            asked = phase.kind == "sft" and phase.mixture.get(pile.source.name, 0) > 0
            text = next((d for d in pile.kept if d.dialogue is None), None) if asked else None
            if text:
                raise DataError(
                    f"phases.{phase.name} is kind: sft, but {text.id} of the source {pile.source.name} is running "
                    "text without an answer. Write kind: cpt, or take the source out of the mixture."
                )


def _say_short(phase: Phase, mixture: Mixture, say: Callable[[str], None]) -> None:
    scarce = min(mixture.parts, key=lambda p: p.available / p.asked_share)
    say(
        f"phase {phase.name}: {mixture.tokens:,} of {mixture.asked:,} tokens; {scarce.source} has only "
        f"{scarce.available:,}. The shares are kept."
    )


def _composition(mixtures: list[tuple[Phase, Mixture]], sources: list[Source]) -> list[dict[str, object]]:
    about = {s.name: s for s in sources}
    return [
        {
            "phase": phase.name,
            "source": part.source,
            "language": about[part.source].language,
            "license": about[part.source].license,
            "documents": len(part.documents),
            "tokens": part.tokens,
            "available_tokens": part.available,
            "share": part.tokens / mixture.tokens,
            "asked_share": part.asked_share,
            "asked_tokens": mixture.asked,
        }
        for phase, mixture in mixtures
        for part in mixture.parts
    ]


def _read(path: Path) -> list[Document]:
    return list(_stream(path))


def _stream(path: Path) -> Iterator[Document]:
    return (Document.from_row(row) for row in files.read_parquet(path))


CURATE = Stage(
    name="curate",
    version=1,
    needs=("gather",),
    slices=(
        "model",
        "curation",
        "sources",
        "seed",
        "formatting",
        "phases.*.kind",
        "phases.*.mixture",
        "phases.*.tokens",
        "phases.*.max_tokens",
        "phases.*.over_long",
    ),
    run=curate,
    scratch=(SCRATCH,),
)
