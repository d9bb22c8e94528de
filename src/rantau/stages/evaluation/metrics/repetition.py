"""Repetition: answers that run in circles, and answers that say the prompt again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

ORDER, TIMES = 4, 3


def repeats(words: Sequence[str]) -> bool:
    """True if some ORDER words in a row (case aside) come at least TIMES times; overlaps count."""
    return max(Counter(_runs(words)).values(), default=0) >= TIMES


def copied_share(words: Sequence[str], prompt: Sequence[str]) -> float:
    """Share of the words that stand in a run of ORDER or more words of the prompt (case aside), 0..1.

    A model that parrots an Indonesian question speaks Indonesian to a language identifier.
    Returns  0 for no words
    """
    known = set(_runs(prompt))
    starts = [i for i, run in enumerate(_runs(words)) if run in known]
    copied = {i + k for i in starts for k in range(ORDER)}
    return len(copied) / len(words) if words else 0.0


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    folded = [word.casefold() for word in words]
    return [tuple(folded[i : i + ORDER]) for i in range(len(folded) - ORDER + 1)]
