"""Sums over items drawn with replacement, and figures from rows of sums."""

from collections.abc import Callable

import numpy as np

from rantau.errors import MeasureError
from rantau.stats.series import Floats

MAX_DRAWS_AT_ONCE = 4_000_000  # 32 MB of item counts; the result does not depend on it


def combined(sums: Floats, combine: Callable[[Floats], Floats]) -> Floats:
    """(r, k) sums -> (r,) finite figures.

    Raises  MeasureError for another shape, or a figure that is not finite
    """
    with np.errstate(all="ignore"):  # a division by 0 is reported below, in words
        figures = np.asarray(combine(sums), dtype=np.float64)
    if figures.shape != (len(sums),):
        raise MeasureError(f"combine must return one figure per row, ({len(sums)},), got {figures.shape}.")
    n_bad = int(np.count_nonzero(~np.isfinite(figures)))
    if n_bad:
        what = f"combine is not finite for {n_bad} of {len(sums)} sums"
        raise MeasureError(f"{what}: it divides by 0. Give more items, or items with content.")
    return figures


def resampled_sums(table: Floats, *, seed: int, n_resamples: int) -> Floats:
    """(n_resamples, k): the sums over n items drawn with replacement, as counts times statistics."""
    generator = np.random.Generator(np.random.PCG64(seed))
    n_items = len(table)
    sums = np.empty((n_resamples, table.shape[1]))
    n_rows = max(1, MAX_DRAWS_AT_ONCE // n_items)
    for start in range(0, n_resamples, n_rows):
        rows = min(n_rows, n_resamples - start)
        drawn = generator.integers(0, n_items, size=(rows, n_items))
        counts = np.stack([np.bincount(row, minlength=n_items) for row in drawn])  # (rows, n_items) int64
        # Not @: BLAS adds in an order that depends on its threads, and the last bits with it.
        sums[start : start + rows] = np.einsum("rn,nk->rk", counts.astype(np.float64), table)
    return sums
