"""What a phase leaves behind besides its adapter: the summary of its steps, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rantau.machine import Machine
from rantau.stages.training.early_stopping import EarlyStop
from rantau.stages.training.journal import Journal

if TYPE_CHECKING:
    from rantau.stages.training.job import Job


@dataclass(frozen=True, slots=True)
class TrainSummary:
    """steps, steps_planned    optimiser steps done, and those that the rates were planned for
    ended                      all steps, or no gain (early stopping)
    best_step                  the step whose adapter is kept; the last one without early stopping
    held_back                  rows that were measured and never learnt
    held_back_bits_per_byte    of the adapter that is kept; None without early stopping
    rows, rows_left_out        rows learnt from; rows in which nothing is learnt
    trainable, total           parameters
    effective_scale            what B @ A is multiplied by
    first_loss, last_loss      nats per learnt token of the first and the last batch
    tokens, learnt_tokens      over all steps done, padding not counted
    pad_share                  padding over all positions that were computed, 0..1
    """

    steps: int
    steps_planned: int
    ended: Literal["all steps", "no gain"]
    best_step: int
    held_back: int
    held_back_bits_per_byte: float | None
    rows: int
    rows_left_out: int
    trainable: int
    total: int
    effective_scale: float
    first_loss: float
    last_loss: float
    tokens: int
    learnt_tokens: int
    pad_share: float


def summary_of(
    job: Job, journal: Journal, stop: EarlyStop | None, *, parameters: tuple[int, int], effective_scale: float
) -> TrainSummary:
    """parameters  (trainable, total)"""
    losses, lengths, targets = journal.losses(), job.rows.lengths, job.rows.targets
    done: Sequence[Sequence[int]] = job.batches[: len(losses)]
    return TrainSummary(
        steps=len(done),
        steps_planned=len(job.batches),
        ended="no gain" if stop and stop.ended else "all steps",
        best_step=stop.standing.best_step if stop else len(done),
        held_back=len(job.held_back),
        held_back_bits_per_byte=stop.standing.best_bits if stop else None,
        rows=job.n_rows,
        rows_left_out=job.rows.left_out,
        trainable=parameters[0],
        total=parameters[1],
        effective_scale=effective_scale,
        first_loss=losses[0].loss,
        last_loss=losses[-1].loss,
        tokens=sum(lengths[row] for batch in done for row in batch),
        learnt_tokens=sum(targets[row] for batch in done for row in batch),
        pad_share=round(_pad_share(journal), 6),
    )


def _pad_share(journal: Journal) -> float:
    rows = journal.speeds()
    return 1 - sum(row.tokens for row in rows) / sum(row.tokens / (1 - row.pad_share) for row in rows)


def speed_of(journal: Journal, micro_batch: int | None, machine: Machine) -> dict[str, Any]:
    """Seconds are summed over the steps, so that a phase that was killed counts what it kept.

    micro_batch  rows of a forward pass, None where their tokens are what is limited
    """
    rows = journal.speeds()
    wall_s = sum(row.tokens / row.tokens_per_s for row in rows)
    return {
        "wall_s": round(wall_s, 3),
        "tokens_per_s": round(sum(row.tokens for row in rows) / wall_s, 3),
        "peak_gib": max(row.peak_gib for row in rows),
        "device": machine.device,
        "micro_batch": micro_batch,
        "processes": machine.processes,
    }
