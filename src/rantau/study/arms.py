"""Arms: the trials of each, and every figure over the items, the trainings and the runs of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from rantau.errors import MeasureError
from rantau.recipe import Evaluation
from rantau.records import BASE_ARM, ArmFigure
from rantau.stages.evaluation.tables import Statistics
from rantau.stats import bootstrap_corpus
from rantau.study.measured import Combine, Key, Measured, measure_trial, scores_of
from rantau.study.running import Done


@dataclass(frozen=True, slots=True)
class ArmTables:
    """One figure of an arm: training number -> its tables, a table a run."""

    items: tuple[str, ...]
    by_training: Mapping[int, tuple[Statistics, ...]]
    combine: Combine


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all finished trials measured.

    tables  arm -> figure -> tables; the base model of the first arm is the arm ""
    bases   arm -> figure -> tables of the base model that this arm started from, a copy a training
    scores  arm -> figure -> rows of scores.json by system, one a training
    """

    arms: tuple[str, ...]
    tables: Mapping[str, Mapping[Key, ArmTables]]
    bases: Mapping[str, Mapping[Key, ArmTables]]
    scores: Mapping[str, Mapping[Key, Sequence[Mapping[str, Mapping[str, Any]]]]]


def gather(arms: Sequence[str], done: Sequence[Done]) -> Gathered:
    """Raises   MeasureError if two trials were measured on other items"""
    measured: dict[str, dict[Key, dict[int, Measured]]] = {arm: {} for arm in arms}
    scores: dict[str, dict[Key, list[dict[str, Any]]]] = {arm: {} for arm in arms}
    for one in (d for d in done if d.error is None):
        for figure in measure_trial(one.folders, one.trial.recipe):
            measured[one.trial.arm].setdefault(figure.key, {})[one.trial.repeat] = figure
        for key, rows in scores_of(one.folders).items():
            scores[one.trial.arm].setdefault(key, []).append(rows)
    _refuse_unlike(measured)
    finished = tuple(arm for arm, found in measured.items() if found)
    if not finished:
        why = next((f" The first to fail, {d.trial.title}: {d.error}" for d in done if d.error), "")
        raise MeasureError(f"no trial has finished, so nothing can be compared.{why}")
    tables = {arm: _tables(measured[arm], lambda m: m.adapted) for arm in finished}
    bases = {arm: _tables(measured[arm], lambda m: m.base) for arm in finished}
    first = finished[0]
    tables[BASE_ARM] = {key: replace(t, by_training=_first(t.by_training)) for key, t in bases[first].items()}
    scores[BASE_ARM] = {key: rows[:1] for key, rows in scores[first].items()}
    return Gathered(finished, tables, bases, scores)


def _tables(
    found: Mapping[Key, Mapping[int, Measured]], of: Callable[[Measured], tuple[Statistics, ...]]
) -> dict[Key, ArmTables]:
    return {
        key: ArmTables(_any(by).items, {n: of(m) for n, m in by.items()}, _any(by).combine)
        for key, by in found.items()
    }


def _first(by_training: Mapping[int, tuple[Statistics, ...]]) -> dict[int, tuple[Statistics, ...]]:
    """The base model is asked once, whatever the number of trainings."""
    return {0: next(iter(by_training.values()))}


def figures_of(
    gathered: Gathered, evaluation: Evaluation, *, seed: int, arms: Sequence[str] | None = None
) -> list[ArmFigure]:
    """Every figure of these arms (None: the base model and all arms), in the order of the scores."""
    return [
        _figure(arm, key, gathered, evaluation, seed=seed)
        for arm in (arms or (BASE_ARM, *gathered.arms))
        for key in gathered.scores[arm]
    ]


def pooled(tables: ArmTables, trainings: Sequence[int]) -> tuple[Statistics, Combine]:
    """(item, runs x k) of these trainings side by side, and the mean of their figures."""
    parts = [table for n in trainings for table in tables.by_training[n]]
    return np.concatenate(parts, axis=1), averaged(tables.combine, len(parts))


def averaged(combine: Combine, n: int) -> Combine:
    """The mean of n figures from (..., n x k) sums."""
    return lambda sums: np.asarray(combine(sums.reshape(*sums.shape[:-1], n, -1)).mean(axis=-1))


def runs_of(tables: ArmTables) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(float(tables.combine(table.sum(axis=0))) for table in tables.by_training[n])
        for n in sorted(tables.by_training)
    )


def _figure(arm: str, key: Key, gathered: Gathered, evaluation: Evaluation, *, seed: int) -> ArmFigure:
    rows, system = gathered.scores[arm][key], "adapted" if arm else "base"
    row = next((r[system] for r in rows if system in r), None) or next(iter(rows[0].values()))
    tables = gathered.tables[arm].get(key)
    marks: dict[str, Any] = {
        "chance": _mean(rows, "chance" if arm else "chance-base"),
        "ceiling": _mean(rows, "ceiling"),
    }
    plain: dict[str, Any] = {
        "arm": arm,
        "metric": key[0],
        "name": key[1],
        "unit": row["unit"],
        "better": row["better"],
    }
    if tables is None:
        alone = len(rows) == 1
        value, low, high = (row.get(k) for k in ("value", "low", "high"))
        values = _values(rows, system)
        return ArmFigure(
            **plain, value=value if alone else _mean(rows, system), low=low if alone else None,
            high=high if alone else None, n=row["n"], runs=tuple((v,) for v in values),
            sd_runs=row.get("sd_repeats") if alone else None, sd_trainings=_sd(values), se_items=None,
            signature=row["signature"], paired=False, **marks,
        )  # fmt: skip
    statistics, combine = pooled(tables, sorted(tables.by_training))
    interval = bootstrap_corpus(
        statistics, combine, seed=seed, n_resamples=evaluation.resamples, confidence=evaluation.confidence
    )
    runs = runs_of(tables)
    within = [v for v in (_sd(r) for r in runs) if v is not None]
    z = NormalDist().inv_cdf(0.5 + evaluation.confidence / 2)
    return ArmFigure(
        **plain, value=interval.value, low=interval.low, high=interval.high, n=interval.n, runs=runs,
        sd_runs=float(np.sqrt(np.mean(np.square(within)))) if within else None,
        sd_trainings=_sd([float(np.mean(r)) for r in runs]), se_items=(interval.high - interval.low) / (2 * z),
        signature=row["signature"], paired=True, **marks,
    )  # fmt: skip


def _sd(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _mean(rows: Sequence[Mapping[str, Mapping[str, Any]]], system: str) -> float | None:
    values = _values(rows, system)
    return float(np.mean(values)) if values else None


def _values(rows: Sequence[Mapping[str, Mapping[str, Any]]], system: str) -> list[float]:
    return [float(r[system]["value"]) for r in rows if system in r and r[system]["value"] is not None]


def _refuse_unlike(measured: Mapping[str, Mapping[Key, Mapping[int, Measured]]]) -> None:
    asked: dict[Key, tuple[str, ...]] = {}
    for arm, found in measured.items():
        for key, by in found.items():
            for figure in by.values():
                if asked.setdefault(key, figure.items) != figure.items:
                    raise MeasureError(
                        f"the arm {arm} was measured on other held-out items of {key[1]} than the others, so they "
                        "cannot be compared. An arm must not change what is held out."
                    )


def _any(by: Mapping[int, Measured]) -> Measured:
    return next(iter(by.values()))
