"""How the learning rate rises and falls over the steps of a phase."""

from __future__ import annotations

import math

from rantau.recipe import Phase


def rate_factor(step: int, *, steps: int, phase: Phase) -> float:
    """Share of the peak rate at `step` (from 0), in 0..1.

    Linear warm-up over round(warmup_share * steps) steps, then phase.schedule, which falls from 1 to floor_share.
    No step has rate 0: the first one already learns, and the decay would reach its floor only after the last.
    """
    warmup = round(phase.warmup_share * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return phase.floor_share + (1 - phase.floor_share) * _decay(step, warmup, steps, phase)


def _decay(step: int, warmup: int, steps: int, phase: Phase) -> float:
    """1 at its beginning, towards 0 at `steps`."""
    if phase.schedule == "constant":
        return 1.0
    if phase.schedule == "wsd":
        return 1 - _progress(step, max(warmup, steps - max(1, round(phase.decay_share * steps))), steps)
    progress = _progress(step, warmup, steps)
    if phase.schedule == "linear":
        return 1 - progress
    within = (phase.cycles * progress) % 1.0 if phase.schedule == "cosine_restarts" else progress
    return 0.5 * (1 + math.cos(math.pi * within))


def _progress(step: int, start: int, steps: int) -> float:
    """How far `step` is on the way from `start` to `steps`, 0..1."""
    return min(max(0.0, (step - start) / max(1, steps - start)), 1.0)
