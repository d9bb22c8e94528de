"""Coverage: samples of items from a population whose figure is known, and the interval of each sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rantau.stats.influence import effective_degrees
from rantau.stats.resampling import combined, resampled_sums
from rantau.stats.series import Floats
from rantau.stats.student import expanded_tail

SAMPLES_AT_ONCE = 100  # they share the draws of the bootstrap; the next hundred gets draws of its own


@dataclass(frozen=True, slots=True)
class Population:
    """Items and the figure that all of them have together.

    draw     generator, (samples, items) -> (samples, items, k) statistics of each item
    combine  (r, k) sums over items -> (r,) figures
    truth    the figure of the whole population
    """

    name: str
    draw: Callable[[np.random.Generator, tuple[int, int]], Floats]
    combine: Callable[[Floats], Floats]
    truth: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of samples whose interval holds the truth. plain: percentile; expanded: as rantau prints it"""

    plain: float
    expanded: float


def coverage(
    population: Population, *, n_items: int, n_samples: int, n_resamples: int = 1000, confidence: float = 0.95,
    seed: int = 0,
) -> Coverage:  # fmt: skip
    """Of n_samples samples of n_items items; n_samples is a multiple of SAMPLES_AT_ONCE."""
    generator = np.random.Generator(np.random.PCG64(seed))
    held, tail = np.zeros(2), (1 - confidence) / 2
    for chunk in range(n_samples // SAMPLES_AT_ONCE):
        samples = population.draw(generator, (SAMPLES_AT_ONCE, n_items))
        figures = resampled_figures(samples, population.combine, seed=chunk, n_resamples=n_resamples)
        expanded = [
            expanded_tail(tail, n_items, effective_degrees(sample, population.combine)) for sample in samples
        ]
        for n, tails in enumerate(([tail] * len(samples), expanded)):
            low, high = _outer(figures, np.array(tails))
            held[n] += np.count_nonzero((low <= population.truth) & (population.truth <= high))
    shares = held / (n_samples // SAMPLES_AT_ONCE * SAMPLES_AT_ONCE)
    return Coverage(float(shares[0]), float(shares[1]))


def _outer(figures: Floats, tails: Floats) -> tuple[Floats, Floats]:
    """Bounds of each column of figures (resamples, samples), its own share left out on either side."""
    columns = zip(figures.T, tails, strict=True)
    bounds = np.array([np.quantile(column, [tail, 1 - tail]) for column, tail in columns])
    return bounds[:, 0], bounds[:, 1]


def resampled_figures(
    samples: Floats, combine: Callable[[Floats], Floats], *, seed: int, n_resamples: int
) -> Floats:
    """(samples, items, k) -> (n_resamples, samples): what bootstrap_corpus() would draw for each sample alone."""
    n_samples, n_items, width = samples.shape
    side_by_side = samples.transpose(1, 0, 2).reshape(n_items, n_samples * width)
    sums = resampled_sums(side_by_side, seed=seed, n_resamples=n_resamples)
    return combined(sums.reshape(n_resamples * n_samples, width), combine).reshape(n_resamples, n_samples)
