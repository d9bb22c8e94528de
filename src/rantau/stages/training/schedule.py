"""How the learning rate rises and falls over the steps of a phase."""

from __future__ import annotations

import math

from rantau.recipe import Phase


def rate_factor(step: int, *, steps: int, phase: Phase) -> float:
    """Share of the peak rate at `step` (from 0), in 0..1.

    Linear warm-up over round(warmup_share * steps) steps, then phase.schedule. No step has rate 0:
    the first one already learns, and the decay would reach 0 only after the last.
    """
    warmup = round(phase.warmup_share * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = (step - warmup) / max(1, steps - warmup)
    if phase.schedule == "constant":
        return 1.0
    if phase.schedule == "linear":
        return max(0.0, 1 - progress)
    within = (phase.cycles * progress) % 1.0 if phase.schedule == "cosine_restarts" else min(progress, 1.0)
    return 0.5 * (1 + math.cos(math.pi * within))
