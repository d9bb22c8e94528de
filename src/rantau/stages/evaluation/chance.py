"""The chance row: what answers get that belong to other prompts."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from rantau.stages.evaluation.overlap import Statistics, chrf, overlap_statistics

N_SHUFFLES = 5


def derangement(n: int, *, seed: int, name: str) -> list[int]:
    """An order of 0..n-1 in which nothing keeps its place, uniform among all such orders; n >= 2."""
    draw = random.Random(f"{seed}|{name}")
    order = list(range(n))
    while any(i == place for place, i in enumerate(order)):  # e tries on average
        draw.shuffle(order)
    return order


def chance_statistics(answers: Sequence[str], references: Sequence[str], *, seed: int) -> Statistics:
    """chrF++ statistics of every answer against the references of N_SHUFFLES other items.

    Returns  (item, N_SHUFFLES x 24) float64, for `chance_points`
    """
    shuffles = [derangement(len(answers), seed=seed, name=f"chance.{k}") for k in range(N_SHUFFLES)]
    parts = [overlap_statistics(answers, [references[i] for i in order]) for order in shuffles]
    return np.concatenate(parts, axis=1)


def chance_points(sums: Statistics) -> Statistics:
    """chrF++ of each shuffle, averaged over the shuffles. sums: (..., N_SHUFFLES x 24) -> (...) points"""
    return np.asarray(chrf(sums.reshape(*sums.shape[:-1], N_SHUFFLES, -1)).mean(axis=-1))
