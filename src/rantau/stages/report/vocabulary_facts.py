"""Facts of an extended vocabulary: which words were added, and what they save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["training", "held_out"]
SIDES: tuple[Side, ...] = ("training", "held_out")


@dataclass(frozen=True, slots=True)
class Saving:
    """Tokens of all text of a language on one side, before and after; saved_share: 0..1, None without tokens."""

    side: Side
    language: str
    documents: int
    tokens_before: int
    tokens_after: int
    tokens_per_word_before: float | None
    tokens_per_word_after: float | None
    saved_share: float | None


@dataclass(frozen=True, slots=True)
class AtSize:
    """saved_share of held-out text in the target language, 0..1, had so many words been added."""

    words: int
    saved_share: float


@dataclass(frozen=True, slots=True)
class Example:
    """One added word: how often it occurs in the training text, and how many tokens it saves there."""

    text: str
    count: int
    saved: int


@dataclass(frozen=True, slots=True)
class VocabularyFacts:
    """asked, words  entries that the recipe wants, and that were added; candidates: words that would save tokens
    savings        first the training side, then the held-out side, each by language
    sizes          by number of words; none where nothing is held out
    examples       the words that save most
    """

    asked: int
    words: int
    candidates: int
    savings: tuple[Saving, ...]
    sizes: tuple[AtSize, ...]
    examples: tuple[Example, ...]

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> VocabularyFacts:
        """From summary.json of the stage."""
        return cls(
            asked=summary["asked"],
            words=summary["words"],
            candidates=summary["candidates"],
            savings=tuple(_savings(summary)),
            sizes=_sizes(summary["held_out_by_size"]),
            examples=tuple(Example(**row) for row in summary["examples"]),
        )


def _savings(summary: Mapping[str, Any]) -> list[Saving]:
    names = [name for name in Saving.__dataclass_fields__ if name not in ("side", "language")]
    return [
        Saving(side, language, **{name: row[name] for name in names})
        for side in SIDES
        for language, row in summary[f"{side}_by_language"].items()
    ]


def _sizes(rows: list[Mapping[str, Any]]) -> tuple[AtSize, ...]:
    """One point a number of words: sizes beyond the last candidate all have the same."""
    found = {row["words"]: row["saved_share"] for row in rows if row["saved_share"] is not None}
    return tuple(AtSize(words, found[words]) for words in sorted(found))
