"""Figures: the six rows of a metric from its tables, each with an interval over items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from rantau.records import Score, System
from rantau.stages.evaluation.metrics.chance import N_SHUFFLES
from rantau.stages.evaluation.scores import Measure, Resampling, score, unmeasured
from rantau.stages.evaluation.tables import Statistics, Tables
from rantau.stats import (
    Interval,
    approximate_randomisation,
    bootstrap_corpus,
    bootstrap_mean,
    mcnemar_exact,
    paired_difference,
    paired_shares,
    proportion_wilson,
)

Combine = Callable[[Statistics], Statistics]  # (..., k) sums over items -> (...) figures
Untold = dict[System, int]

NO_CHANCE = "It does not look at what was asked, so an answer to any other prompt gets the same."
OF_SHUFFLES = f"mean of {N_SHUFFLES} shuffles"


def mean_rows(
    measure: Measure, tables: Tables, resampling: Resampling, *, yes_or_no: bool = False,
    n_untold: Untold | None = None,
) -> list[Score]:  # fmt: skip
    """Rows of a metric that is the mean of one mark an item; repeated answers are averaged item by item.

    yes_or_no  marks are 0 or 1: intervals are Wilson's, the change has that of paired_shares() and McNemar's test,
               unless repeated answers left marks between 0 and 1
    """
    base, adapted = _marks(tables.base), _marks(tables.adapted)

    def of(marks: Statistics) -> Interval:
        if yes_or_no and _all_0_or_1(marks):
            return proportion_wilson(round(marks.sum()), len(marks), confidence=resampling["confidence"])
        return bootstrap_mean(marks, **resampling)

    exact = yes_or_no and _all_0_or_1(base) and _all_0_or_1(adapted)
    change = (
        paired_shares(base, adapted, confidence=resampling["confidence"])
        if exact
        else paired_difference(base, adapted, **resampling)
    )
    p = None if exact else _p_value((base[:, None],), (adapted[:, None],), _mean(len(base)), resampling)
    p_mcnemar = mcnemar_exact(int((base > adapted).sum()), int((adapted > base).sum())) if exact else None
    figures = {"base": of(base), "adapted": of(adapted), "ceiling": of(_marks((tables.ceiling,)))}
    chances = {
        "chance": of(_marks(tables.chance)) if tables.chance else None,
        "chance-base": of(_marks(tables.chance_base)) if tables.chance_base else None,
    }
    rows = _rows(measure, tables, _mean(len(base)), figures, change, chances, n_untold or {})
    return [replace(r, p_value=p, p_mcnemar=p_mcnemar) if r.system == "change" else r for r in rows]


def corpus_rows(measure: Measure, tables: Tables, combine: Combine, resampling: Resampling) -> list[Score]:
    """Rows of a metric that is computed from sums over the items; repeats give one figure each, and their mean."""

    def of(several: Sequence[Statistics]) -> Interval:
        return bootstrap_corpus(np.concatenate(several, axis=1), _averaged(combine, len(several)), **resampling)

    figures = {"base": of(tables.base), "adapted": of(tables.adapted), "ceiling": of((tables.ceiling,))}
    chances = {
        "chance": of(tables.chance) if tables.chance else None,
        "chance-base": of(tables.chance_base) if tables.chance_base else None,
    }
    change = _corpus_change(tables, combine, resampling)
    rows = _rows(measure, tables, combine, figures, change, chances, {})
    p = _p_value(tables.base, tables.adapted, combine, resampling)
    return [replace(r, p_value=p) if r.system == "change" else r for r in rows]


def _rows(
    measure: Measure, tables: Tables, combine: Combine, figures: dict[str, Interval], change: Interval,
    chances: dict[str, Interval | None], n_untold: Untold,
) -> list[Score]:  # fmt: skip
    n = len(tables.ceiling)
    spread = {"base": _sd_repeats(tables.base, combine), "adapted": _sd_repeats(tables.adapted, combine)}
    repeats = f"mean of {len(tables.base)} answers an item" if len(tables.base) > 1 else ""
    rows: list[Score] = []
    for system in ("base", "adapted"):
        row = score(measure, system, _named(figures[system], repeats), n_untold=n_untold.get(system))
        rows.append(replace(row, sd_repeats=spread[system]))
    rows.append(score(measure, "change", _named(change, repeats)))
    rows.append(score(measure, "ceiling", figures["ceiling"], n_untold=n_untold.get("ceiling")))
    names: tuple[System, System] = ("chance", "chance-base")
    for name in names:
        found = chances[name]
        rows.append(
            unmeasured(measure, name, n, NO_CHANCE)
            if found is None
            else score(measure, name, _named(found, OF_SHUFFLES))
        )
    return rows


def _corpus_change(tables: Tables, combine: Combine, resampling: Resampling) -> Interval:
    both = np.concatenate([*tables.base, *tables.adapted], axis=1)  # one draw of items for both systems
    of_one, width = _averaged(combine, len(tables.base)), both.shape[1] // 2
    method = "paired bootstrap of the difference"
    return bootstrap_corpus(
        both, lambda s: of_one(s[:, width:]) - of_one(s[:, :width]), method=method, **resampling
    )


def _averaged(combine: Combine, n: int) -> Combine:
    """The mean of n figures from (..., n x k) sums."""
    if n == 1:
        return combine
    return lambda sums: np.asarray(combine(sums.reshape(*sums.shape[:-1], n, -1)).mean(axis=-1))


def _mean(n_items: int) -> Combine:
    return lambda sums: sums[..., 0] / n_items


def _p_value(
    base: Sequence[Statistics], adapted: Sequence[Statistics], combine: Combine, resampling: Resampling
) -> float:
    """Two-sided p that base and adapted are equally good: an item's answers change sides together."""
    averaged = _averaged(combine, len(base))
    first, second = np.concatenate(base, axis=1), np.concatenate(adapted, axis=1)
    return approximate_randomisation(first, second, averaged, seed=resampling["seed"])


def _sd_repeats(tables: Sequence[Statistics], combine: Combine) -> float | None:
    """Standard deviation of the whole figure between the repeats (n - 1); None for one repeat."""
    if len(tables) < 2:
        return None
    return float(np.std([float(combine(table.sum(axis=0))) for table in tables], ddof=1))


def _marks(tables: Sequence[Statistics]) -> Statistics:
    """(item,) the mean over draws or shuffles."""
    return np.asarray(np.mean([table[:, 0] for table in tables], axis=0), dtype=np.float64)


def _all_0_or_1(marks: Statistics) -> bool:
    return bool(np.isin(marks, (0.0, 1.0)).all())


def _named(interval: Interval, what: str) -> Interval:
    return replace(interval, method=f"{what}, {interval.method}") if what else interval
