"""Samples: all answers side by side, sorted by a rule, so that nobody picks the good ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Why = Literal["best", "median", "worst"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One item as both systems answered it.

    prompt       the turns of the prompt, without template
    chrf_*       chrF++ of this answer alone, 0..100
    language_*   raw label of the language identifier
    """

    item_id: str
    prompt: str
    reference: str
    base: str
    adapted: str
    chrf_base: float
    chrf_adapted: float
    language_base: str
    language_adapted: str

    @property
    def gain(self) -> float:
        return self.chrf_adapted - self.chrf_base


def ordered(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Rows of samples.jsonl: largest gain in chrF++ first, equal gains by item id, each with its third."""
    rows = sorted(samples, key=lambda s: (-s.gain, s.item_id))
    return [asdict(s) | {"gain": s.gain, "why": _third(rank, len(rows))} for rank, s in enumerate(rows)]


def _third(rank: int, n: int) -> Why:
    """The upper third is best, the lower third worst, what is left is median."""
    third = max(1, n // 3)
    return "best" if rank < third else "worst" if rank >= n - third else "median"
