"""Several tests at once: p-values that keep the chance of one false alarm."""

from collections.abc import Sequence

import numpy as np

from rantau.errors import MeasureError
from rantau.stats.series import checked


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given: below alpha means below alpha for the whole family.

    p_values  0..1, one per test
    Raises    MeasureError if there is none, or one outside 0..1
    """
    p = checked(p_values, "p_values")
    if p.min() < 0 or p.max() > 1:
        wrong = p.min() if p.min() < 0 else p.max()
        raise MeasureError(f"p_values must be in 0..1, got {wrong:g}. Give p-values, not test statistics.")
    order = np.argsort(p, kind="stable")
    stepped = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return tuple(adjusted.tolist())
