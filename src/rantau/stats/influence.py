"""How much each item weighs in a figure, and so how well its spread is known."""

from collections.abc import Callable

import numpy as np

from rantau.stats.series import Floats


def effective_degrees(table: Floats, combine: Callable[[Floats], Floats]) -> float:
    """Degrees of freedom of the spread of a figure that is made from sums over the items.

    table    (n, k) what each item adds, n >= 2
    combine  (r, k) sums -> (r,) figures
    Returns  1 .. n - 1. A variance that is estimated from n values with kurtosis K is as uncertain as one from
             2 n / (K - 1) normal values; the values are what the figure loses when an item is left out. Of 60
             documents between 30 and 1,000 bytes about 23 are left
    Source   the variance of a sample variance, as in Welch's and Satterthwaite's degrees of freedom
    """
    n_items = len(table)
    with np.errstate(all="ignore"):
        left = np.asarray(combine(table.sum(axis=0) - table), dtype=np.float64)  # (n,) each item left out
    gaps = left - left.mean()
    spread = float(np.mean(gaps**2))
    if not np.isfinite(spread) or spread == 0:
        return n_items - 1
    excess = float(np.mean(gaps**4)) / spread**2 - 1
    return float(min(n_items - 1, max(1.0, 2 * n_items / excess))) if excess > 0 else n_items - 1
