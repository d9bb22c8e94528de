"""Arms against one another, over the same items: differences with interval and p value, and what seeds do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import sqrt
from typing import Any, Literal

import numpy as np

from rantau.recipe import Evaluation
from rantau.records import BASE_ARM, ArmFigure
from rantau.stages.evaluation.tables import Statistics
from rantau.stats import approximate_randomisation, bootstrap_corpus, holm
from rantau.stats.student import t_quantile
from rantau.study.arms import ArmTables, Gathered, pooled, runs_of
from rantau.study.measured import Combine, Key

Effect = Literal["better", "worse", "unclear", "described"]
RELATIVE = ("bits/byte",)  # units of which a difference is told in proportion
TRIALS = 10_000
TRIALS_OF_MANY = 2_000  # from MANY items on: p is then 0.0005 at least
MANY = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One arm minus another in one figure.

    against      the other arm; "" is the base model
    unit         of value, low and high; "relative": -0.1 is 10 % less
    low, high    interval over items, the trainings as they are
    p            two-sided p of approximate randomisation over items
    p_holm       p, corrected for all arms that are compared with the same one in this figure
    trainings    repetitions that both have; they share their seed, so they are pairs
    seed_low, seed_high
                 t interval of the mean difference over trainings; None for fewer than two
    effect       by p_holm alone: of these trainings
    other_seeds  True if the interval over trainings leaves out zero on the same side: another seed would say the
                 same; None if it cannot be told
    """

    arm: str
    against: str
    metric: str
    name: str
    unit: str
    value: float
    low: float
    high: float
    n: int
    p: float
    p_holm: float
    trainings: int
    seed_low: float | None
    seed_high: float | None
    effect: Effect
    other_seeds: bool | None
    signature: str

    @property
    def key(self) -> Key:
        return self.metric, self.name

    def to_row(self) -> dict[str, Any]:
        return asdict(self)


def differences_to(
    against: str, gathered: Gathered, figures: Sequence[ArmFigure], evaluation: Evaluation, *, seed: int
) -> list[Difference]:
    """Every other arm against one, figure by figure; Holm over the arms within each figure.

    figures  which are compared; those of the base model are left out
    """
    keys = list(dict.fromkeys(f.key for f in figures if f.paired))
    told = {f.key: f for f in figures}
    found: list[Difference] = []
    for key in keys:
        arms = [a for a in gathered.arms if a != against and key in gathered.tables[a]]
        others = {a: _other(gathered, a, against).get(key) for a in arms}
        family = [
            _difference(a, against, told[key], gathered.tables[a][key], other, evaluation, seed=seed)
            for a, other in others.items()
            if other and _trainings(gathered.tables[a][key], other)
        ]
        found += _corrected(family, 1 - evaluation.confidence)
    return found


def _other(gathered: Gathered, arm: str, against: str) -> Mapping[Key, ArmTables]:
    """What an arm is held against: another arm, or the base model that it started from itself."""
    return gathered.bases[arm] if against == BASE_ARM else gathered.tables[against]


def _trainings(mine: ArmTables, other: ArmTables) -> list[int]:
    """Repetitions that both finished."""
    return sorted(set(mine.by_training) & set(other.by_training))


def _difference(
    arm: str, against: str, figure: ArmFigure, tables: ArmTables, other: ArmTables, evaluation: Evaluation, *,
    seed: int,
) -> Difference:  # fmt: skip
    relative, trainings = figure.unit in RELATIVE, _trainings(tables, other)
    mine, combine = pooled(tables, trainings)
    theirs, _ = pooled(other, trainings)
    width = mine.shape[1]
    method = f"paired bootstrap of the {'relative ' if relative else ''}difference"
    interval = bootstrap_corpus(
        np.concatenate([theirs, mine], axis=1),
        lambda sums: _minus(combine(sums[:, width:]), combine(sums[:, :width]), relative=relative),
        seed=seed, n_resamples=evaluation.resamples, confidence=evaluation.confidence, method=method,
    )  # fmt: skip
    n_trials = TRIALS if len(mine) < MANY else TRIALS_OF_MANY
    p = _p_value(mine, theirs, combine, seed=seed, n_trials=n_trials)
    low, high = _over_trainings(tables, other, trainings, evaluation.confidence, relative=relative)
    return Difference(
        arm, against, *figure.key, "relative" if relative else figure.unit, interval.value, interval.low,
        interval.high, interval.n, p, p, len(trainings), low, high, _direction(interval.value, figure.better),
        None if low is None or high is None else low > 0 or high < 0,
        f"{interval.method}; approximate randomisation, {n_trials} trials, seed {seed}",
    )  # fmt: skip


def _p_value(mine: Statistics, theirs: Statistics, combine: Combine, *, seed: int, n_trials: int) -> float:
    if np.array_equal(mine, theirs):
        return 1.0
    return approximate_randomisation(mine, theirs, combine, seed=seed, n_trials=n_trials)


def _minus(one: Statistics, other: Statistics, *, relative: bool) -> Statistics:
    return np.asarray(one / other - 1 if relative else one - other)


def _over_trainings(
    mine: ArmTables, theirs: ArmTables, trainings: Sequence[int], confidence: float, *, relative: bool
) -> tuple[float | None, float | None]:
    """t interval of the mean difference of pairs of trainings. The same tables in each are no spread at all."""
    if len(trainings) < 2:
        return None, None
    mine_each, theirs_each = (
        np.array([np.mean(runs_of(_one(tables, n))) for n in trainings]) for tables in (mine, theirs)
    )
    each = _minus(mine_each, theirs_each, relative=relative)
    reach = t_quantile(0.5 + confidence / 2, len(each) - 1) * float(each.std(ddof=1)) / sqrt(len(each))
    return float(each.mean()) - reach, float(each.mean()) + reach


def _one(tables: ArmTables, training: int) -> ArmTables:
    return replace(tables, by_training={training: tables.by_training[training]})


def _direction(value: float, better: str) -> Effect:
    if better not in ("lower", "higher"):
        return "described"
    return "better" if (value < 0) == (better == "lower") else "worse"


def _corrected(family: Sequence[Difference], alpha: float) -> list[Difference]:
    if not family:
        return []
    adjusted = holm([d.p for d in family])
    return [
        replace(d, p_holm=p, effect=d.effect if p < alpha or d.effect == "described" else "unclear")
        for d, p in zip(family, adjusted, strict=True)
    ]
