"""Populations of items that are as uneven as real ones: lengths vary threefold, and so does quality."""

from __future__ import annotations

from functools import cache

import numpy as np

from bench.coverage.simulation import Population
from rantau.stages.evaluation.metrics.overlap import chrf, overlap_statistics
from rantau.stats.series import Floats

Shape = tuple[int, int]
SPREAD = 0.35  # standard deviation of the log of bits per byte between documents
GAIN, NOISE = -0.1, 0.15  # what training does to the log of it, and how unevenly


def ratio(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1])


def relative_change(sums: Floats) -> Floats:
    return np.asarray(sums[:, 2] / sums[:, 0] - 1)


def bits_per_byte() -> Population:
    """Documents of 30 to 1,000 bytes."""
    return Population("bits per byte", _documents, ratio, float(np.exp(SPREAD**2 / 2)))


def change_of_bits(gain: float = GAIN) -> Population:
    """The same documents after training, paired."""

    def draw(generator: np.random.Generator, shape: Shape) -> Floats:
        before = _documents(generator, shape)
        after = before[:, :, :1] * np.exp(generator.normal(gain, NOISE, (*shape, 1)))
        return np.concatenate([before, after], axis=2)

    truth = float(np.exp(gain + NOISE**2 / 2)) - 1
    return Population("relative change of bits per byte", draw, relative_change, truth)


def equal_systems() -> Population:
    """Two systems that differ by chance alone: an interval that leaves out 0 is a false alarm."""

    def draw(generator: np.random.Generator, shape: Shape) -> Floats:
        documents = _documents(generator, shape)
        one, other = (documents[:, :, :1] * np.exp(generator.normal(0, NOISE, (*shape, 1))) for _ in range(2))
        return np.concatenate([one, documents[:, :, 1:], other], axis=2)

    return Population("change between equal systems", draw, relative_change, 0.0)


def share_of_matches(repeats: int = 5) -> Population:
    """Answers that match their reference, each question answered several times and averaged."""

    def draw(generator: np.random.Generator, shape: Shape) -> Floats:
        marks = generator.binomial(repeats, generator.beta(1, 2, shape)) / repeats
        return np.stack([marks, np.ones(shape)], axis=2)

    return Population(f"share of matches, {repeats} answers each", draw, ratio, 1 / 3)


@cache
def overlap() -> Population:
    """chrF++ of 1,500 made-up answers of 4 to 60 words, some like their reference and some not at all."""
    generator = np.random.Generator(np.random.PCG64(5))
    words = ["".join(generator.choice(list("abdegiklmnprstu"), generator.integers(2, 9))) for _ in range(600)]
    weights = 1 / np.arange(1, 601)
    weights /= weights.sum()
    answers, references = [], []
    for _ in range(1500):
        n_words = int(np.exp(generator.normal(2.6, 0.6))) + 2
        reference = generator.choice(words, n_words, p=weights).tolist()
        other = generator.choice(words, n_words, p=weights).tolist()
        right = generator.random(n_words) < generator.beta(1.2, 2)
        said = [r if yes else o for r, o, yes in zip(reference, other, right, strict=True)]
        answers.append(" ".join(said[: max(1, int(n_words * generator.uniform(0.5, 1.3)))]))
        references.append(" ".join(reference))
    items = overlap_statistics(answers, references)  # (1500, 24)

    def draw(drawn: np.random.Generator, shape: Shape) -> Floats:
        return np.asarray(items[drawn.integers(0, len(items), shape)])

    return Population("chrF++", draw, chrf, float(chrf(items.sum(axis=0, keepdims=True))[0]))


def _documents(generator: np.random.Generator, shape: Shape) -> Floats:
    n_bytes = np.exp(generator.normal(5.3, 0.6, shape)).clip(30, 1000)
    return np.stack([n_bytes * np.exp(generator.normal(0, SPREAD, shape)), n_bytes], axis=2)
