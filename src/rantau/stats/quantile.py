"""Quantiles of a series."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rantau.errors import MeasureError
from rantau.stats.series import checked


def quantiles(values: npt.ArrayLike, probabilities: Sequence[float]) -> tuple[float, ...]:
    """Quantiles with linear interpolation between the order statistics (R's type 7).

    probabilities  0..1; 0.5 is the median
    Returns        one value per probability
    Raises         MeasureError for no values, values that are not finite, a probability outside 0..1
    """
    column = checked(values, "values")
    wanted = checked(probabilities, "probabilities")
    if wanted.min() < 0 or wanted.max() > 1:
        wrong = wanted.min() if wanted.min() < 0 else wanted.max()
        raise MeasureError(f"probabilities must be in 0..1, got {wrong:g}. Write 0.05 for 5 %.")
    return tuple(np.quantile(column, wanted, method="linear").tolist())
