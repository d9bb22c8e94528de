"""Quantiles with linear interpolation."""

import pytest

from rantau.errors import MeasureError
from rantau.stats import quantiles


def test_quantiles_interpolate_between_neighbours() -> None:
    assert quantiles([4, 1, 3, 2], [0, 0.5, 0.9, 1]) == pytest.approx((1, 2.5, 3.7, 4))
    assert quantiles([7], [0.1, 0.9]) == (7.0, 7.0)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(MeasureError, match="values has 0 items"):
        quantiles([], [0.5])
    with pytest.raises(MeasureError, match=r"probabilities must be in 0\.\.1, got 95\. Write 0\.05 for 5 %"):
        quantiles([1, 2], [0.05, 95])
    with pytest.raises(MeasureError, match="not finite, the first at position 0: inf"):
        quantiles([float("inf"), 2], [0.5])
