"""Facts of a phase: what its training did, step by step and in sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LossPoint:
    """loss           nats per learnt token of the batch at this step; dpo: mean over the pairs of its own loss
    learning_rate  of the A matrices, in this step
    preferred      share of a dpo step's pairs whose chosen answer gained more, 0..1; None elsewhere
    """

    step: int
    loss: float
    learning_rate: float
    preferred: float | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """bits_per_byte: of the rows held back for early stopping, after this step."""

    step: int
    bits_per_byte: float


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """What a phase did.

    rows, rows_dropped, truncated, longest_tokens  of the formatted rows
    rows_learnt                                    of them; the others were held back, or nothing in them is learnt
    filled_share                                   tokens over the room of the packed rows, 0..1; None unpacked
    rows_held_back                                 measured for early stopping and never learnt
    tokens, learnt_tokens                          over all steps, padding not counted
    learning_rate_b                                peak rate of the B matrices (LoRA+)
    n_last, end_loss                               mean loss of the last n_last steps
    ended, steps_planned, best_step                how the phase ended, and the step whose adapter was kept
    held_back                                      measurements for early stopping; none without it
    """

    name: str
    kind: str
    rows: int
    rows_learnt: int
    rows_dropped: Mapping[str, int]
    truncated: int
    longest_tokens: int
    steps: int
    tokens: int
    learnt_tokens: int
    pad_share: float
    first_loss: float
    last_loss: float
    trainable: int
    total: int
    effective_scale: float
    learning_rate: float
    learning_rate_b: float
    n_last: int
    end_loss: float
    ended: str
    steps_planned: int
    best_step: int
    curve: tuple[LossPoint, ...]
    held_back: tuple[HeldBack, ...] = ()
    filled_share: float | None = None
    rows_held_back: int = 0

    @property
    def preferred(self) -> float | None:
        """Mean share of the last n_last steps' pairs whose chosen answer gained more; None without pairs."""
        told = [p.preferred for p in self.curve[-self.n_last :] if p.preferred is not None]
        return sum(told) / len(told) if told else None

    @property
    def best(self) -> HeldBack | None:
        """The measurement of the adapter that was kept."""
        return next((h for h in self.held_back if h.step == self.best_step), None)
