"""Chance: what answers get that belong to other prompts."""

from __future__ import annotations

import random

N_SHUFFLES = 5


def derangement(n: int, *, seed: int, name: str) -> list[int]:
    """An order of 0..n-1 in which nothing keeps its place, uniform among all such orders; n >= 2."""
    draw = random.Random(f"{seed}|{name}")
    order = list(range(n))
    while any(i == place for place, i in enumerate(order)):  # e tries on average
        draw.shuffle(order)
    return order


def shuffles(n: int, *, seed: int) -> list[list[int]]:
    """N_SHUFFLES orders of n items in which no item is answered by itself."""
    return [derangement(n, seed=seed, name=f"chance.{k}") for k in range(N_SHUFFLES)]
