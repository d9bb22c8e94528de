"""Intervals over items: against closed forms, by coverage, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import kurtosis, norm, t  # type: ignore[import-untyped]

from rantau.errors import MeasureError
from rantau.stats import (
    Interval,
    bootstrap_corpus,
    bootstrap_mean,
    bootstrap_ratio,
    paired_difference,
    paired_ratio_change,
)
from rantau.stats import resampling as resampling_module
from rantau.stats.influence import effective_degrees
from rantau.stats.student import expanded_tail


def draws(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_the_mean_agrees_with_the_normal_interval_when_items_are_many() -> None:
    values = draws(1).normal(3.0, 2.0, size=800)
    got = bootstrap_mean(values, seed=0, n_resamples=4000)
    reach = 1.96 * values.std() / np.sqrt(800)
    assert got.value == pytest.approx(values.mean())
    assert got.low == pytest.approx(values.mean() - reach, abs=0.01)
    assert got.high == pytest.approx(values.mean() + reach, abs=0.01)
    assert got.n == 800


def test_the_ratio_agrees_with_the_delta_method() -> None:
    n_bytes = draws(2).integers(50, 400, size=600).astype(float)
    nats = n_bytes * draws(3).normal(0.9, 0.2, size=600)
    got = bootstrap_ratio(nats, n_bytes, seed=0, n_resamples=4000)
    ratio = nats.sum() / n_bytes.sum()
    reach = 1.96 * np.sqrt(((nats - ratio * n_bytes) ** 2).sum()) / n_bytes.sum()
    assert got.value == pytest.approx(ratio)
    assert got.value != pytest.approx((nats / n_bytes).mean(), abs=1e-6)
    assert [got.low, got.high] == pytest.approx([ratio - reach, ratio + reach], abs=0.002)


def test_a_corpus_figure_equals_the_ratio_it_spells_out() -> None:
    table = draws(5).integers(1, 50, size=(40, 2))
    by_hand = bootstrap_corpus(table, lambda sums: sums[:, 0] / sums[:, 1], seed=9)
    named = bootstrap_ratio(table[:, 0], table[:, 1], seed=9)
    assert (by_hand.value, by_hand.low, by_hand.high) == (named.value, named.low, named.high)


def test_a_corpus_figure_gets_sums_of_whole_items() -> None:
    items = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    seen: list[np.ndarray] = []

    def keep(sums: np.ndarray) -> np.ndarray:
        seen.append(sums)
        return np.asarray(sums[:, 0])

    bootstrap_corpus(items, keep, seed=0, n_resamples=50)
    assert seen[0].tolist() == [[6.0, 60.0]]
    assert seen[1].shape == (50, 2)
    assert np.array_equal(seen[1][:, 0] * 10, seen[1][:, 1])


def test_pairing_removes_what_the_items_have_in_common() -> None:
    before = draws(6).normal(0.0, 10.0, size=100)
    after = before + draws(7).normal(0.5, 0.1, size=100)
    paired = paired_difference(before, after, seed=0)
    alone = bootstrap_mean(after, seed=0)
    assert paired.value == pytest.approx((after - before).mean())
    assert paired.low > 0.4
    assert (alone.high - alone.low) > 50 * (paired.high - paired.low)


def test_an_equal_change_of_every_item_has_no_width() -> None:
    nats, n_bytes = draws(8).uniform(1, 9, size=(2, 60))
    change = paired_ratio_change(nats, n_bytes, nats * 0.9, n_bytes, seed=3)
    assert [change.value, change.low, change.high] == pytest.approx([-0.1, -0.1, -0.1])


def test_the_relative_change_draws_the_same_items_on_both_sides() -> None:
    before, after = draws(10).uniform(1, 3, size=(2, 30))
    ones = np.ones(30)
    change = paired_ratio_change(before, ones, after, ones, seed=5, n_resamples=300)
    same = draws(5).integers(0, 30, size=(300, 30))
    by_hand = after[same].sum(axis=1) / before[same].sum(axis=1) - 1
    sums = np.column_stack([before, after])
    tail = expanded_tail(0.025, 30, effective_degrees(sums, lambda s: np.asarray(s[:, 1] / s[:, 0])))
    assert [change.low, change.high] == pytest.approx(np.quantile(by_hand, [tail, 1 - tail]).tolist())


def test_a_tail_is_expanded_as_students_t_is_wider_than_the_normal() -> None:
    assert expanded_tail(0.025, 10, 9) == pytest.approx(norm.cdf(-np.sqrt(10 / 9) * t.ppf(0.975, 9)))
    assert expanded_tail(0.025, 10**6, 10**6) == pytest.approx(0.025, rel=1e-4)
    assert 0 < expanded_tail(0.025, 2, 1) < 1e-6


def test_degrees_of_freedom_fall_with_the_kurtosis_of_the_items() -> None:
    def mean(sums: np.ndarray) -> np.ndarray:
        return np.asarray(sums[:, 0])

    uniform, normal, heavy = draws(13).uniform(size=2000), draws(14).normal(size=2000), [*[0.0] * 99, 1.0]
    assert effective_degrees(uniform[:, None], mean) == 1999  # kurtosis 1.8: never more than n - 1
    assert effective_degrees(normal[:, None], mean) == pytest.approx(2000, rel=0.1)
    assert effective_degrees(np.array(heavy)[:, None], mean) == pytest.approx(200 / (kurtosis(heavy) + 2))
    assert effective_degrees(np.ones((7, 1)), mean) == 6


def test_the_seed_decides_every_digit_and_the_memory_none(monkeypatch: pytest.MonkeyPatch) -> None:
    values = draws(11).normal(size=77).tolist()
    first = bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) == first
    assert bootstrap_mean(values, seed=2).low != first.low
    monkeypatch.setattr(resampling_module, "MAX_DRAWS_AT_ONCE", 500)
    assert bootstrap_mean(values, seed=1) == first


def test_more_confidence_is_a_wider_interval() -> None:
    values = draws(12).normal(size=50)
    narrow, wide = (bootstrap_mean(values, seed=0, confidence=level) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_an_interval_prints_with_its_signature_at_hand() -> None:
    assert Interval(1.234, 1.1, 1.36, 20, "").text(2) == "1.23 [1.10, 1.36]"
    assert Interval(-0.001, -0.2, 0.2, 20, "").text(1) == "0.0 [-0.2, 0.2]"
    method = bootstrap_mean([1.0, 2.0], seed=7, n_resamples=100, confidence=0.9).method
    assert method == "bootstrap of the mean, 90 % expanded percentile, 100 resamples, seed 7"


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: bootstrap_mean([], seed=0), "values has 0 items, at least 2 are needed"),
    (lambda: bootstrap_mean([1.0], seed=0), "values has 1 items, at least 2 are needed"),
    (lambda: bootstrap_mean([1.0, float("nan"), 2.0], seed=0), "the first at position 1: nan. Drop them"),
    (lambda: bootstrap_mean([[1.0], [2.0]], seed=0), r"values must have the shape \(n,\)"),
    (lambda: bootstrap_mean(["a", "b"], seed=0), "values must hold numbers only"),
    (lambda: bootstrap_mean([1.0, 2.0], seed=-1), "seed must be 0 or more, got -1"),
    (lambda: bootstrap_mean([1.0, 2.0], seed=0, n_resamples=0), "n_resamples must be 1 or more, got 0"),
    (lambda: bootstrap_mean([1.0, 2.0], seed=0, confidence=95), "confidence must be between 0 and 1, got 95"),
    (
        lambda: bootstrap_ratio([1.0, 2.0], [1.0, 0.0], seed=0),
        "denominators must be above 0, got 0 at position 1",
    ),
    (lambda: bootstrap_ratio([1.0, 2.0], [1.0] * 3, seed=0), "numerators has 2, denominators has 3"),
    (lambda: paired_difference([1.0, 2.0], [1.0] * 3, seed=0), "before has 2, after has 3"),
    (
        lambda: paired_ratio_change([1.0, 2.0], [1.0, 1.0], [1.0] * 3, [1.0] * 3, seed=0),
        "before_num has 2, after_num has 3",
    ),
    (
        lambda: paired_ratio_change([0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], seed=0),
        "not finite for 1 of 1 sums: it divides by 0",
    ),
    (
        lambda: bootstrap_corpus([[1.0], [2.0]], lambda sums: sums, seed=0),
        r"one figure per row, \(1,\), got \(1, 1\)",
    ),
    (
        lambda: bootstrap_corpus([1.0, 2.0], lambda sums: sums, seed=0),
        r"statistics must have the shape \(n, k\)",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(MeasureError, match=message):
        call()
