"""Facts: every number and text that page and card print, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rantau.records import BenchmarkResult, Gate
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.results import Result
from rantau.stages.report.samples import Picked
from rantau.stages.report.vocabulary_facts import VocabularyFacts


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Rows of one source: rows = read_drops + heldout + train, train = curation_drops + kept.

    read_drops, curation_drops  reason -> rows
    untold_language             kept rows of which the detector could not tell the language
    used                        whether a phase draws from it
    """

    name: str
    origin: str
    language: str
    license: str
    rows: int
    read_drops: Mapping[str, int]
    heldout: int
    train: int
    curation_drops: Mapping[str, int]
    kept: int
    untold_language: int
    used: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What a source gave to a phase; shares are of the phase's tokens, 0..1.

    asked_tokens      tokens of the whole phase that the recipe asks for; None = as many as the shares allow
    available_tokens  tokens that the source had to give
    """

    phase: str
    source: str
    language: str
    license: str
    documents: int
    tokens: int
    share: float
    asked_share: float
    asked_tokens: int | None = None
    available_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Fertility:
    """What a source costs in tokens of the base tokenizer.

    against_source_language  tokens per byte over those of the source language; None if there is none of it
    single_byte_share        tokens that are one raw byte, 0..1
    one_token_share          running words that are one token, 0..1
    """

    source: str
    language: str
    n_documents: int
    tokens_per_word: float | None
    tokens_per_byte: float | None
    against_source_language: float | None
    single_byte_share: float | None
    one_token_share: float | None = None


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """Bits per byte of one held-out document before and after."""

    text: str
    document_id: str
    base: float
    adapted: float

    @property
    def relative(self) -> float:
        return self.adapted / self.base - 1 if self.base else 0.0


@dataclass(frozen=True, slots=True)
class StageFacts:
    name: str
    version: int
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class AnswerLanguages:
    """How many answers the detector gave each raw label ("too short" where it was not asked)."""

    base: Mapping[str, int]
    adapted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LanguageNames:
    """code: ISO 639-3; short: two letters where ISO 639-1 has them, else the code; label: the detector's."""

    code: str
    short: str
    name: str
    own_name: str
    label: str | None
    confused_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Equal inputs give equal facts: no seconds, no memory, no dates.

    results    figures of the comparison in its order
    measured   name of a held-out text or of the prompts' source -> ISO 639-3 of its language
    picked     samples that the page shows; n_items: answers that they were picked from
    short_codes  ISO 639-3 -> two letters where ISO 639-1 has them
    vocabulary   what the stage that extended it measured; None without it
    benchmarks   in the order that they were asked; gates: in the recipe's order
    confidence   level of all intervals
    """

    name: str
    title: str
    base: str
    target: LanguageNames
    source: LanguageNames
    languages: Mapping[str, str]
    sources: tuple[SourceFacts, ...]
    composition: tuple[Part, ...]
    fertility: tuple[Fertility, ...]
    phases: tuple[PhaseFacts, ...]
    template: str
    template_notes: tuple[str, ...]
    results: tuple[Result, ...]
    measured: Mapping[str, str]
    documents: tuple[DocumentChange, ...]
    answer_languages: AnswerLanguages | None
    picked: tuple[Picked, ...]
    n_items: int
    stages: tuple[StageFacts, ...]
    short_codes: Mapping[str, str] = field(default_factory=dict)
    vocabulary: VocabularyFacts | None = None
    benchmarks: tuple[BenchmarkResult, ...] = ()
    gates: tuple[Gate, ...] = ()
    confidence: float = 0.95

    def language_of(self, measured: str) -> str:
        """ISO 639-3 of what was measured; a part of a text, "text/value", is in the language of the text."""
        return self.measured.get(measured) or self.measured.get(measured.partition("/")[0], "")

    def to_plain(self) -> dict[str, Any]:
        """For facts.json. The points of curves and of single documents are in the figures' CSV files."""
        plain = asdict(self)
        del plain["documents"]
        plain["phases"] = [
            {k: v for k, v in p.items() if k not in ("curve", "held_back")} for p in plain["phases"]
        ]
        return plain
