"""What a benchmark's change amounts to, after the correction for asking many of them."""

from __future__ import annotations

from typing import Literal

from rantau.records import BenchmarkResult

BenchmarkEffect = Literal["better", "worse", "unresolved"]


def effect_of(row: BenchmarkResult, confidence: float) -> BenchmarkEffect:
    """better or worse only where Holm's p is at most 1 - confidence and the interval leaves out zero."""
    if row.p_holm > 1 - confidence or row.change.low <= 0 <= row.change.high:
        return "unresolved"
    return "better" if row.change.value > 0 else "worse"
