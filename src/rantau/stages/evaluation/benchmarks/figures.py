"""A benchmark's figure before and after, with intervals over its questions, a test and what it can resolve.

Plain means get clustered errors; macro F1, which is no mean over questions, a bootstrap over clusters. Of
several tasks the figure is the plain mean of theirs, each weighing the same however many questions it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from rantau.records import Estimate
from rantau.stages.evaluation.benchmarks.questions import Question
from rantau.stats import (
    Interval,
    approximate_randomisation,
    bootstrap_corpus,
    clustered_mean,
    clustered_proportion,
    mcnemar_exact,
    resolvable_difference,
)
from rantau.stats.student import t_quantile

Floats = npt.NDArray[np.float64]
POWER = 0.8
GUESSES = 400  # draws of a guesser whose macro F1 is averaged


@dataclass(frozen=True, slots=True)
class Pair:
    """The questions of one task as both systems answered them, in the same order; clusters: one for each."""

    base: Sequence[Question]
    adapted: Sequence[Question]
    clusters: Sequence[str]

    def only(self, kept: Sequence[bool]) -> Pair:
        base, adapted = list(compress(self.base, kept)), list(compress(self.adapted, kept))
        return Pair(base, adapted, list(compress(self.clusters, kept)))


@dataclass(frozen=True, slots=True)
class Options:
    seed: int
    resamples: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Measured:
    base: Estimate
    adapted: Estimate
    change: Estimate
    p: float
    resolvable: float
    chance: float | None
    method: str


def measure(tasks: Sequence[Pair], metric: str, options: Options) -> Measured:
    """The figure of one task, or the mean of several.

    Raises   MeasureError for fewer than two clusters of questions
    """
    return _macro_f1(tasks, options) if metric == "macro_f1" else _mean(tasks, options)


def _mean(tasks: Sequence[Pair], options: Options) -> Measured:
    clusters = [c for t in tasks for c in t.clusters]
    base, adapted = (_column(side, [len(set(t.clusters)) for t in tasks]) for side in _sides(tasks))
    binary = len(tasks) == 1 and bool(np.isin(np.concatenate([base, adapted]), (0.0, 1.0)).all())
    interval = clustered_proportion if binary else clustered_mean
    before, after = (interval(c, clusters, confidence=options.confidence) for c in (base, adapted))
    change = clustered_mean(adapted - base, clusters, confidence=options.confidence)
    floor = _floor(tasks, options)
    alone = len(set(clusters)) == len(clusters)
    p = (
        mcnemar_exact(int(np.sum(base > adapted)), int(np.sum(adapted > base)))
        if binary and alone
        else _p_of_sums(tasks, clusters, options)
    )
    resolvable = resolvable_difference(
        base, adapted, clusters=clusters, power=POWER, confidence=options.confidence
    )
    resolvable = max(resolvable, floor.resolvable)
    chances = [[q.chance for q in t.base] for t in tasks]
    known = all(c is not None for of_task in chances for c in of_task)
    chance = float(np.mean([np.mean(of_task) for of_task in chances])) if known else None  # type: ignore[arg-type]
    return Measured(_within(before), _within(after), floor.under(change), p, resolvable, chance, before.method)


@dataclass(frozen=True, slots=True)
class _Floor:
    """Least uncertainty of a change: two systems that happen to agree on every question are not known to be equal.

    half   half the width of the interval; resolvable: the change that the questions would show
    """

    half: float
    resolvable: float

    def under(self, change: Interval) -> Estimate:
        low, high = min(change.low, change.value - self.half), max(change.high, change.value + self.half)
        return Estimate(change.value, max(low, -1.0), min(high, 1.0))


def _floor(tasks: Sequence[Pair], options: Options) -> _Floor:
    """From right and wrong of each task with half a question added to each of the four outcomes."""
    variance, degrees = 0.0, 1
    for task in tasks:
        base, adapted = (np.array([q.value for q in side]) for side in (task.base, task.adapted))
        least = resolvable_difference(
            base, adapted, clusters=task.clusters, power=POWER, confidence=options.confidence
        )
        here = len(set(task.clusters)) - 1
        variance += (least / sum(_reaches(here, options))) ** 2 / len(tasks) ** 2
        degrees = max(degrees, here)
    reach, more = _reaches(degrees, options)
    return _Floor(reach * sqrt(variance), (reach + more) * sqrt(variance))


def _reaches(degrees: int, options: Options) -> tuple[float, float]:
    """Quantiles of the t distribution: of the interval, and of the power."""
    return t_quantile(0.5 + options.confidence / 2, degrees), t_quantile(POWER, degrees)


def _column(tasks: Sequence[Sequence[Question]], n_clusters: Sequence[int]) -> Floats:
    """(n,) one value per question whose plain mean is the mean of the tasks' means, and whose spread is theirs.

    n_clusters  of each task. Around its own mean a task of few spreads too little: g / (g - 1) makes up for it
    """
    if len(tasks) == 1:
        return np.array([q.value for q in tasks[0]], dtype=np.float64)
    weighted = _weighted(tasks)
    means = [w.mean() for w in weighted]
    spread = [sqrt(g / max(g - 1, 1)) for g in n_clusters]
    parts = [(w - m) * s for w, m, s in zip(weighted, means, spread, strict=True)]
    column: Floats = np.concatenate(parts) + np.mean(np.concatenate(weighted))
    return column


def _weighted(tasks: Sequence[Sequence[Question]]) -> list[Floats]:
    """(n_task,) each: the values, weighed so that the mean over all questions is the mean of the tasks' means."""
    n = sum(map(len, tasks))
    return [np.array([q.value for q in task]) * (n / (len(tasks) * len(task))) for task in tasks]


def _p_of_sums(tasks: Sequence[Pair], clusters: Sequence[str], options: Options) -> float:
    """Of the values themselves: around the means of their tasks they would change sides too seldom."""
    base, adapted = (np.concatenate(_weighted(side))[:, np.newaxis] for side in _sides(tasks))
    first, second = (_by_cluster(column, clusters) for column in (base, adapted))
    return approximate_randomisation(first, second, lambda sums: sums[:, 0] / len(base), seed=options.seed)


def _by_cluster(rows: Floats, clusters: Sequence[str]) -> Floats:
    """(n, k) -> (n_clusters, k): the sums of each cluster."""
    numbers = {c: i for i, c in enumerate(dict.fromkeys(clusters))}
    sums = np.zeros((len(numbers), rows.shape[1]))
    np.add.at(sums, [numbers[c] for c in clusters], rows)
    return sums


def _macro_f1(tasks: Sequence[Pair], options: Options) -> Measured:
    clusters = [c for t in tasks for c in t.clusters]
    classes = [_classes(t) for t in tasks]
    base, adapted = (_by_cluster(_counts(side, classes), clusters) for side in _sides(tasks))
    widths = [3 * n for n in classes]

    def combine(sums: Floats) -> Floats:
        return macro_f1(sums, widths)

    def difference(sums: Floats) -> Floats:
        half = sums.shape[1] // 2
        return combine(sums[:, half:]) - combine(sums[:, :half])

    def interval(table: Floats, figure: Callable[[Floats], Floats]) -> Interval:
        return bootstrap_corpus(
            table, figure, seed=options.seed, n_resamples=options.resamples, confidence=options.confidence
        )

    before, after = interval(base, combine), interval(adapted, combine)
    change = interval(np.hstack([base, adapted]), difference)
    p = approximate_randomisation(base, adapted, combine, seed=options.seed)
    reach = NormalDist().inv_cdf(0.5 + options.confidence / 2)
    error = (change.high - change.low) / 2 / reach
    floor = _floor(tasks, options)
    resolvable = max(error * (reach + NormalDist().inv_cdf(POWER)), floor.resolvable)
    chance = _guessed(tasks, classes, options.seed)
    return Measured(_within(before), _within(after), floor.under(change), p, resolvable, chance, before.method)


def _sides(tasks: Sequence[Pair]) -> tuple[list[Sequence[Question]], list[Sequence[Question]]]:
    return [t.base for t in tasks], [t.adapted for t in tasks]


def _classes(task: Pair) -> int:
    seen = [number for q in (*task.base, *task.adapted) for number in (q.gold, q.predicted) if number is not None]
    return max(seen) + 1


def _counts(tasks: Sequence[Sequence[Question]], classes: Sequence[int]) -> Floats:
    """(n, sum of 3 x classes): for each question and class hit, in the answers, in the truth; a block a task."""
    blocks = []
    for questions, n in zip(tasks, classes, strict=True):
        gold = np.eye(n)[[q.gold if q.gold is not None else 0 for q in questions]]
        said = np.eye(n)[[q.predicted if q.predicted is not None else 0 for q in questions]]
        blocks.append(np.hstack([gold * said, said, gold]))
    rows = sum(len(b) for b in blocks)
    table, top, left = np.zeros((rows, sum(b.shape[1] for b in blocks))), 0, 0
    for block in blocks:
        table[top : top + len(block), left : left + block.shape[1]] = block
        top, left = top + len(block), left + block.shape[1]
    return table


def macro_f1(sums: Floats, widths: Sequence[int]) -> Floats:
    """(r, sum of widths) counts -> (r,): F1 averaged over the classes that occur, then over the tasks.

    widths   columns of each task: hits, answers and truths of its classes, in that order
    """
    figures, left = [], 0
    for width in widths:
        hits, said, true = np.split(sums[:, left : left + width], 3, axis=1)
        occurs = said + true > 0
        f1 = np.where(occurs, 2 * hits / np.where(occurs, said + true, 1), 0.0)
        figures.append(f1.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1))
        left += width
    mean: Floats = np.mean(figures, axis=0)
    return mean


def _guessed(tasks: Sequence[Pair], classes: Sequence[int], seed: int) -> float:
    """Macro F1 of uniform guesses: the mean of many."""
    generator = np.random.Generator(np.random.PCG64(seed))
    figures = []
    for task, n in zip(tasks, classes, strict=True):
        gold = np.eye(n)[[q.gold if q.gold is not None else 0 for q in task.base]]  # (questions, n)
        said = np.eye(n)[generator.integers(0, n, size=(GUESSES, len(gold)))]  # (guesses, questions, n)
        hits = np.einsum("qn,gqn->gn", gold, said)
        sums = np.hstack([hits, said.sum(axis=1), np.broadcast_to(gold.sum(axis=0), (GUESSES, n))])
        figures.append(macro_f1(sums, [3 * n]).mean())
    return float(np.mean(figures))


def _within(interval: Interval) -> Estimate:
    """A share: its bounds stay in 0..1."""
    return Estimate(interval.value, max(interval.low, 0.0), min(interval.high, 1.0))
