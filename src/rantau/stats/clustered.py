"""Means of items that come in clusters: questions that share a passage do not fail independently.

Belebele asks 900 questions about 488 passages. Counted as 900 independent items, the interval is too narrow
whenever a passage makes all of its questions easy or hard.
"""

from collections.abc import Hashable, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rantau.errors import MeasureError
from rantau.stats.interval import Interval
from rantau.stats.proportion import wilson_bounds
from rantau.stats.series import Floats, checked
from rantau.stats.student import t_quantile

MIN_CLUSTERS = 2  # the spread between clusters is all that an interval can be made of


class ClusteredError(NamedTuple):
    """standard_error of the mean, over items in n_clusters clusters."""

    standard_error: float
    n_clusters: int


def clustered_mean(values: npt.ArrayLike, clusters: Sequence[Hashable], *, confidence: float = 0.95) -> Interval:
    """Interval of the mean of one value per item, whose items are independent between clusters only.

    values    (n,) one per item; a paired difference is one value per item too
    clusters  (n,) the passage, dialogue or document of each item; all different = independent items
    Returns   the mean over items (not over clusters); a t interval with n_clusters - 1 degrees of freedom.
              For shares of right answers clustered_proportion() stays inside 0..1
    Raises    MeasureError for fewer than 2 clusters, lengths that differ, values that are not finite
    Source    Miller 2024 (arXiv 2411.00640), clustered standard errors
    """
    _check_confidence(confidence)
    column = checked(values, "values", min_items=MIN_CLUSTERS)
    error = clustered_error(column, clusters)
    reach = t_quantile(0.5 + confidence / 2, error.n_clusters - 1) * error.standard_error
    mean = float(column.mean())
    method = f"mean, {error.n_clusters} clusters, {confidence * 100:g} % t interval"
    return Interval(mean, mean - reach, mean + reach, len(column), method)


def clustered_proportion(
    right: npt.ArrayLike, clusters: Sequence[Hashable], *, confidence: float = 0.95
) -> Interval:
    """Interval of a share of right answers in clusters: Wilson's, over the effective number of items.

    right    (n,) 0 or 1 per item
    Returns  value: the share of all items. The effective number is n divided by the design effect (the
             clustered variance over the independent one), but never more than n: a chance negative
             correlation buys no certainty. All right or all wrong: the number of clusters
    Raises   as clustered_mean(), and for a value other than 0 and 1
    Source   Kish 1965 (design effect); Wilson's interval on it as in Kott and Carr 1997
    """
    _check_confidence(confidence)
    column = checked(right, "right", min_items=MIN_CLUSTERS)
    if not np.isin(column, (0.0, 1.0)).all():
        raise MeasureError("right must be 0 or 1 for each item. Use clustered_mean() for other values.")
    error = clustered_error(column, clusters)
    n_items, share = len(column), float(column.mean())
    independent = share * (1 - share) / n_items
    effect = error.standard_error**2 / independent if independent else n_items / error.n_clusters
    n_effective = n_items / max(effect, 1.0)
    low, high = wilson_bounds(share, n_effective, reach=t_quantile(0.5 + confidence / 2, error.n_clusters - 1))
    method = (
        f"Wilson score, {error.n_clusters} clusters, {n_effective:.0f} effective items, {confidence * 100:g} %"
    )
    return Interval(share, low, high, n_items, method)


def clustered_error(column: Floats, clusters: Sequence[Hashable]) -> ClusteredError:
    """The cluster-robust standard error of the mean of (n,) values, with the factor G / (G - 1).

    Raises  MeasureError for lengths that differ or fewer than 2 clusters
    """
    if len(clusters) != len(column):
        what = f"values has {len(column)} items, clusters has {len(clusters)}"
        raise MeasureError(f"{what}: give one cluster per item in the same order of items.")
    numbers = {cluster: i for i, cluster in enumerate(dict.fromkeys(clusters))}
    n_clusters = len(numbers)
    if n_clusters < MIN_CLUSTERS:
        raise MeasureError(f"clusters names {n_clusters}, at least {MIN_CLUSTERS} are needed. Measure more.")
    members = np.fromiter((numbers[cluster] for cluster in clusters), dtype=np.int64, count=len(column))
    sums = np.bincount(members, weights=column - column.mean(), minlength=n_clusters)
    variance = float(np.sum(sums**2)) * n_clusters / (n_clusters - 1)
    return ClusteredError(sqrt(variance) / len(column), n_clusters)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise MeasureError(f"confidence must be between 0 and 1, got {confidence}. Try 0.95.")
