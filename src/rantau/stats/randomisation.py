"""Approximate randomisation: could the difference of two systems be an accident of which is which?"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rantau.errors import MeasureError
from rantau.stats.resampling import combined
from rantau.stats.series import Floats, checked_table

MAX_SIGNS_AT_ONCE = 4_000_000  # 32 MB; the result does not depend on it
ROUNDING = 1e-9  # relative: a trial that ties with what was seen counts, in whatever order it was added


def approximate_randomisation(
    statistics_a: npt.ArrayLike,
    statistics_b: npt.ArrayLike,
    combine: Callable[[Floats], Floats],
    *,
    seed: int,
    n_trials: int = 10_000,
) -> float:
    """Two-sided p value that two systems are equally good, for figures made from sums over the items.

    statistics_a, statistics_b  (n_items, k) what each item adds for either system, the same items in order
    combine                     (r, k) sums -> (r,) figures, as bootstrap_corpus() takes it
    Returns  (1 + trials at least as far apart) / (1 + n_trials): never 0. In each trial every item's two
             answers change sides with probability 1/2
    Raises   MeasureError for fewer than 2 items, shapes that differ, a figure that is not finite
    Source   Noreen 1989; Riezler and Maxwell 2005 (why not the bootstrap, for a test)
    """
    if n_trials < 1:
        raise MeasureError(f"n_trials must be 1 or more, got {n_trials}. Try 10000.")
    if seed < 0:
        raise MeasureError(f"seed must be 0 or more, got {seed}. Try 0.")
    first = checked_table(statistics_a, "statistics_a", min_items=2)
    second = checked_table(statistics_b, "statistics_b", min_items=2)
    if first.shape != second.shape:
        what = f"statistics_a has the shape {first.shape}, statistics_b {second.shape}"
        raise MeasureError(f"{what}. Give both systems' statistics of the same items in the same order.")
    total, gap = (first + second).sum(axis=0), first - second
    seen = abs(_distance(gap.sum(axis=0, keepdims=True), total, combine)[0])
    generator = np.random.Generator(np.random.PCG64(seed))
    as_far, n_rows = 0, max(1, MAX_SIGNS_AT_ONCE // len(gap))
    for start in range(0, n_trials, n_rows):
        signs = _signs(generator, min(n_rows, n_trials - start), len(gap))
        # Not @: BLAS adds in an order that depends on its threads.
        distances = np.abs(_distance(np.einsum("rn,nk->rk", signs, gap), total, combine))
        as_far += int(np.count_nonzero(distances >= seen * (1 - ROUNDING)))
    return (1 + as_far) / (1 + n_trials)


def _distance(gaps: Floats, total: Floats, combine: Callable[[Floats], Floats]) -> Floats:
    """The difference of the two figures when the sides' sums are gaps (r, k) apart and add up to total (k,)."""
    return combined((total + gaps) / 2, combine) - combined((total - gaps) / 2, combine)


def _signs(generator: np.random.Generator, n_rows: int, n_items: int) -> Floats:
    """(n_rows, n_items) of 1.0 (as it was) and -1.0 (sides changed), one random byte for eight items.

    Rows are whole words of 64 bits, so that the number of rows at once does not change them.
    """
    n_bytes = 8 * -(-n_items // 64)
    drawn = np.frombuffer(generator.bytes(n_rows * n_bytes), dtype=np.uint8).reshape(n_rows, n_bytes)
    return np.unpackbits(drawn, axis=1, count=n_items).astype(np.float64) * 2 - 1
