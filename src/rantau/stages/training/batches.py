"""Which rows are learnt together: every epoch in its own order, rows of one length side by side."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

POOL_BATCHES = 64


def optimiser_steps(n_rows: int, *, batch_size: int, epochs: float) -> int:
    """Steps of a phase: batches of an epoch times epochs, rounded half up, at least 1."""
    return max(1, math.floor(epochs * math.ceil(n_rows / batch_size) + 0.5))


def planned_batches(lengths: Sequence[int], *, batch_size: int, epochs: float, seed: int) -> list[list[int]]:
    """Row numbers of every step of a phase; a part of an epoch is its first batches."""
    steps = optimiser_steps(len(lengths), batch_size=batch_size, epochs=epochs)
    batches: list[list[int]] = []
    epoch = 0
    while len(batches) < steps:
        batches += epoch_batches(lengths, batch_size=batch_size, seed=seed, epoch=epoch)
        epoch += 1
    return batches[:steps]


def epoch_batches(lengths: Sequence[int], *, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Every row once. Rows are shuffled, sorted by length inside pools of 64 batches, cut, and the batches
    shuffled: nearly no padding, while neighbours differ from epoch to epoch."""
    draw = random.Random(f"batches {seed} {epoch}")
    order = list(range(len(lengths)))
    draw.shuffle(order)
    pool = POOL_BATCHES * batch_size
    batches = []
    for start in range(0, len(order), pool):
        members = sorted(order[start : start + pool], key=lambda row: lengths[row])
        batches += [members[i : i + batch_size] for i in range(0, len(members), batch_size)]
    draw.shuffle(batches)
    return batches
