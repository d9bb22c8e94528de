"""Wilson and McNemar against scipy."""

import pytest
from scipy.stats import binomtest, multinomial  # type: ignore[import-untyped]

from rantau.errors import MeasureError
from rantau.stats import mcnemar_exact, paired_shares, proportion_wilson


@pytest.mark.parametrize(("k", "n"), [(0, 5), (1, 7), (50, 100), (99, 100), (100, 100), (4321, 14042)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilson_agrees_with_scipy(k: int, n: int, confidence: float) -> None:
    got = proportion_wilson(k, n, confidence=confidence)
    expected = binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert [got.low, got.high] == pytest.approx([expected.low, expected.high], abs=1e-12)
    assert (got.value, got.n) == (k / n, n)


def test_wilson_never_claims_certainty() -> None:
    none, every = proportion_wilson(0, 10), proportion_wilson(10, 10)
    assert none.low == 0.0 < none.high
    assert every.low < every.high == 1.0
    assert none.method == "Wilson score, 95 %"


def paired(won: int, lost: int, n: int) -> tuple[list[float], list[float]]:
    return [0.0] * won + [1.0] * (n - won), [1.0] * won + [0.0] * lost + [1.0] * (n - won - lost)


def test_the_change_of_a_share_is_that_of_bonett_and_price() -> None:
    got = paired_shares(*paired(26, 4, 48))  # statpsych: ci.prop.ps(.05, 12, 4, 26, 6)
    assert [got.low, got.high] == pytest.approx([0.2548067, 0.6251933], abs=1e-7)
    assert (got.value, got.n, got.method) == (22 / 48, 48, "paired adjusted Wald, 95 %")


@pytest.mark.parametrize(("won", "lost", "value"), [(0, 0, 0.0), (48, 0, 1.0), (0, 48, -1.0)])
def test_a_change_of_shares_never_claims_certainty(won: int, lost: int, value: float) -> None:
    got = paired_shares(*paired(won, lost, 48))
    assert got.value == value and -1 <= got.low <= value <= got.high <= 1 and got.high - got.low > 0.05


@pytest.mark.parametrize(("n", "won", "lost"), [(20, 0.05, 0.0), (20, 0.9, 0.02), (48, 0.1, 0.05), (64, 0.3, 0.1)])
def test_the_interval_of_a_change_of_shares_holds_the_truth(n: int, won: float, lost: float) -> None:
    held = 0.0
    for k in range(n + 1):
        for m in range(n + 1 - k):
            bounds = paired_shares(*paired(k, m, n))
            if bounds.low <= won - lost <= bounds.high:
                held += multinomial.pmf([k, m, n - k - m], n, [won, lost, 1 - won - lost])
    assert held >= 0.93


def test_other_values_have_no_paired_shares() -> None:
    with pytest.raises(MeasureError, match=r"0 or 1 for each item\. Use paired_difference"):
        paired_shares([0.5, 1.0], [0.0, 1.0])
    with pytest.raises(MeasureError, match="before has 2, after has 3"):
        paired_shares([0.0, 1.0], [0.0, 1.0, 1.0])


@pytest.mark.parametrize(("b", "c"), [(0, 1), (5, 5), (2, 9), (0, 12), (130, 171), (800, 801)])
def test_mcnemar_is_the_two_sided_binomial_test(b: int, c: int) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(binomtest(b, b + c).pvalue, rel=1e-9)
    assert mcnemar_exact(c, b) == mcnemar_exact(b, c)


def test_systems_that_never_differ_are_not_told_apart() -> None:
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(0, 5000) == 0.0  # 2 ** -4999 lies below the smallest float


def test_counts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(MeasureError, match=r"n must be 1 or more, got 0"):
        proportion_wilson(0, 0)
    with pytest.raises(MeasureError, match=r"k must be in 0\.\.n, got 6 of 5"):
        proportion_wilson(6, 5)
    with pytest.raises(MeasureError, match=r"confidence must be between 0 and 1, got 1\.5"):
        proportion_wilson(1, 5, confidence=1.5)
    with pytest.raises(MeasureError, match="got b=-1 and c=2"):
        mcnemar_exact(-1, 2)
