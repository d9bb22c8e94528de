"""Counts that follow their shares and add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import MeasureError
from rantau.stats import largest_remainder

SHARES = st.lists(st.floats(0, 1e6), min_size=1, max_size=12).filter(any)


@given(SHARES, st.integers(0, 10_000))
def test_the_counts_add_up_and_each_is_within_one_of_its_quota(shares: list[float], total: int) -> None:
    counts = largest_remainder(shares, total)
    assert sum(counts) == total
    assert len(counts) == len(shares)
    for share, count in zip(shares, counts, strict=True):
        assert abs(count - total * share / sum(shares)) < 1 + 1e-6
        assert count == 0 or share > 0


@given(SHARES, st.integers(0, 1000))
def test_only_the_proportions_count(shares: list[float], total: int) -> None:
    assert largest_remainder([share * 4 for share in shares], total) == largest_remainder(shares, total)


def test_whole_quotas_stay_whole_and_ties_go_to_the_first() -> None:
    assert largest_remainder([0.7, 0.2, 0.1], 10) == (7, 2, 1)
    assert largest_remainder([1, 1, 1], 5) == (2, 2, 1)
    assert largest_remainder([0.5, 0, 0.5], 1) == (1, 0, 0)


def test_shares_that_cannot_be_split_are_refused() -> None:
    with pytest.raises(MeasureError, match=r"shares must be 0 or more, got -0\.5"):
        largest_remainder([1, -0.5], 3)
    with pytest.raises(MeasureError, match="shares are all 0"):
        largest_remainder([0, 0], 3)
    with pytest.raises(MeasureError, match="total must be 0 or more, got -1"):
        largest_remainder([1], -1)
    with pytest.raises(MeasureError, match="shares has 0 items"):
        largest_remainder([], 3)
