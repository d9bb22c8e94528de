"""Holm's adjustment against its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import MeasureError
from rantau.stats import holm

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_holm_on_a_worked_example() -> None:
    # 4 x 0.005, 3 x 0.01, 2 x 0.03, then 0.04 lifted to the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


@given(PROBABILITIES, st.floats(0.001, 0.2))
def test_rejecting_step_by_step_gives_the_same_verdicts(p_values: list[float], alpha: float) -> None:
    rejected: set[int] = set()
    for step, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] * (len(p_values) - step) > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(p_values)) if p <= alpha} == rejected


@given(PROBABILITIES)
def test_holm_lies_between_no_correction_and_bonferroni(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, raw * len(p_values))


def test_what_is_no_p_value_is_refused() -> None:
    with pytest.raises(MeasureError, match=r"p_values must be in 0\.\.1, got 2\.1"):
        holm([0.5, 2.1])
    with pytest.raises(MeasureError, match="p_values has 0 items"):
        holm([])
