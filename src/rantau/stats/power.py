"""What a comparison can see at all: the smallest true difference that its items would resolve."""

from collections.abc import Hashable, Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt

from rantau.errors import MeasureError
from rantau.stats.clustered import clustered_error
from rantau.stats.series import Floats, checked, same_length
from rantau.stats.student import t_quantile


def resolvable_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    power: float = 0.8,
    confidence: float = 0.95,
) -> float:
    """The smallest true difference of two means that a paired two-sided test would find.

    first, second  (n,) both systems' values of the same items in the same order
    clusters       (n,) as clustered_mean() takes them; None: the items are independent
    power          0..1: how often the test finds a difference of this size
    confidence     0..1: of the test
    Returns        (t(confidence) + t(power)) standard errors of the mean difference, in the values' unit. For
                   values that are all 0 or 1 the error is at least that of the counts with half an item
                   added to each of the four outcomes, so that two systems which happen to agree on
                   every item do not seem to resolve everything; other values that never differ give 0
    Raises         MeasureError for fewer than 2 items or clusters, lengths that differ
    Source         Bloom 1995 (minimum detectable effects); Agresti and Min 2005 (the half items)
    """
    if not 0 < power < 1 or not 0 < confidence < 1:
        raise MeasureError(f"power and confidence must be between 0 and 1, got {power} and {confidence}.")
    before = checked(first, "first", min_items=2)
    after = checked(second, "second", min_items=2)
    same_length(first=before, second=after)
    gaps = after - before
    labels = range(len(gaps)) if clusters is None else clusters
    error = clustered_error(gaps, labels)
    standard_error = error.standard_error
    if np.isin(before, (0.0, 1.0)).all() and np.isin(after, (0.0, 1.0)).all():
        standard_error = max(standard_error, _smoothed_error(gaps))
    degrees = error.n_clusters - 1
    return (t_quantile(0.5 + confidence / 2, degrees) + t_quantile(power, degrees)) * standard_error


def _smoothed_error(gaps: Floats) -> float:
    """Standard error of a difference of paired shares, with half an item more in each of four cells."""
    n = len(gaps) + 2
    squares = float(np.sum(gaps**2)) + 1
    return sqrt(squares - float(gaps.sum()) ** 2 / n) / n
