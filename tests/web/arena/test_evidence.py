"""What counts of votes say, against another library, closed forms and trying everything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from rantau.web.arena.evidence import (
    LEAST,
    Counts,
    bounds,
    is_enough,
    needed,
    p_value,
    removed_until_open,
    removed_until_turned,
    votes_needed,
)


@pytest.mark.parametrize(("wins", "losses"), [(0, 1), (1, 0), (7, 3), (60, 40), (61, 39), (500, 431), (33, 0)])
def test_interval_and_p_value_are_those_of_scipy(wins: int, losses: int) -> None:
    theirs = binomtest(wins, wins + losses, 0.5)
    wilson = theirs.proportion_ci(method="wilson")
    assert bounds(Counts(wins, losses)) == pytest.approx((wilson.low, wilson.high), abs=1e-12)
    assert p_value(Counts(wins, losses)) == pytest.approx(theirs.pvalue)


def test_ties_are_halved() -> None:
    """Six wins, two losses and four ties weigh as eight wins of twelve."""
    assert Counts(6, 2, 4).share == Counts(8, 4).share
    assert bounds(Counts(6, 2, 4)) == bounds(Counts(8, 4))
    assert p_value(Counts(6, 2, 4)) == p_value(Counts(6, 2))


def test_a_few_votes_are_never_enough() -> None:
    assert bounds(Counts(4, 0))[0] > 0.5 and not is_enough(Counts(4, 0))
    assert is_enough(Counts(LEAST, 0)) and is_enough(Counts(0, LEAST))
    assert not is_enough(Counts(0, 0)) and not is_enough(Counts(12, 10))


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 9))
def test_the_rounds_needed_are_the_first_that_suffice(wins: int, losses: int, ties: int) -> None:
    """Trying whole multiples: at n * share rounds the interval leaves one half out exactly from `needed` on."""
    counts = Counts(wins, losses, ties)
    until = needed(counts)
    if wins == losses:
        assert until is None
        return
    assert until is not None and until >= LEAST
    for factor in range(1, 40):
        many = Counts(wins * factor, losses * factor, ties * factor)
        assert is_enough(many) == (many.n >= until), (factor, until)


def test_votes_that_decide_nothing_are_needed_too() -> None:
    counts = Counts(30, 20)
    assert needed(counts) == 97  # 1.96^2 / (4 * 0.1^2) = 96.04
    assert votes_needed(counts, n_votes=100) == 194
    assert votes_needed(Counts(5, 5), n_votes=10) is None


@settings(max_examples=25)
@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 3))
def test_the_votes_that_it_hangs_on(wins: int, losses: int, ties: int) -> None:
    """Against every way to take votes away."""

    def fewest(done: list[int]) -> int | None:
        return min(done, default=None)

    ways = [(w, x) for w in range(wins + 1) for x in range(losses + 1)]
    ahead = (wins > losses) - (wins < losses)
    turned = [w + x for w, x in ways if ahead and (wins - w > losses - x) - (wins - w < losses - x) == -ahead]
    assert removed_until_turned(Counts(wins, losses, ties)) == fewest(turned)

    def decided(w: int, x: int, t: int = 0) -> bool:
        left = Counts(wins - w, losses - x, ties - t)
        low, high = bounds(left) if left.n else (0.0, 1.0)
        return low > 0.5 or high < 0.5

    every = [w + x + t for w, x in ways for t in range(ties + 1) if not decided(w, x, t)]
    expected = fewest(every) if decided(0, 0) else None
    assert removed_until_open(Counts(wins, losses, ties)) == expected
