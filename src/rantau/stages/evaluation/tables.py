"""Tables: what each item adds to a metric, for every system that is compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rantau.stages.evaluation.metrics.chance import shuffles
from rantau.stages.evaluation.metrics.speech import Draws, Texts, View

Statistics = npt.NDArray[np.float64]
Count = Callable[[Texts, Texts], Statistics]  # answers, references -> (item, k)


@dataclass(frozen=True, slots=True)
class Tables:
    """(item, k) statistics of each system.

    base, adapted  one table a draw
    ceiling        of the references, cut as the answers are
    chance, chance_base
                   one table a shuffle; None where the metric does not look at what was asked
    """

    base: tuple[Statistics, ...]
    adapted: tuple[Statistics, ...]
    ceiling: Statistics
    chance: tuple[Statistics, ...] | None = None
    chance_base: tuple[Statistics, ...] | None = None


def tables_of(view: View, count: Count, *, seed: int, against: Texts | None = None) -> Tables:
    """Tables of a metric that compares an answer with a text of its item.

    against  (item,) the texts; None = the references. Each shuffle gives every answer another item's text;
             where prompts were answered several times, the shuffles take the draws in turn
    """
    texts = view.references if against is None else against
    return Tables(
        base=tuple(count(said, texts) for said in view.base),
        adapted=tuple(count(said, texts) for said in view.adapted),
        ceiling=count(view.cut, texts),
        chance=_shuffled(view.adapted, texts, count, seed=seed),
        chance_base=_shuffled(view.base, texts, count, seed=seed),
    )


def column(marks: Iterable[float]) -> Statistics:
    """(item, 1) from one mark an item."""
    return np.asarray(list(marks), dtype=np.float64).reshape(-1, 1)


def columns(draws: Sequence[Iterable[float]]) -> tuple[Statistics, ...]:
    """One (item, 1) table a draw."""
    return tuple(map(column, draws))


def _shuffled(draws: Draws, texts: Texts, count: Count, *, seed: int) -> tuple[Statistics, ...]:
    orders = enumerate(shuffles(len(texts), seed=seed))
    return tuple(count(draws[k % len(draws)], tuple(texts[i] for i in order)) for k, order in orders)
