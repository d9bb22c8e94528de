"""Means of items in clusters: closed forms, coverage, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats as scipy_stats  # type: ignore[import-untyped]

from rantau.errors import MeasureError
from rantau.stats import clustered_mean, clustered_proportion


def draws(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_items_that_are_their_own_clusters_give_the_t_interval() -> None:
    values = draws(1).normal(3, 2, size=40)
    got = clustered_mean(values, range(40), confidence=0.9)
    expected = scipy_stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert [got.low, got.high] == pytest.approx([expected.low, expected.high])
    assert (got.value, got.n, got.method) == (values.mean(), 40, "mean, 40 clusters, 90 % t interval")


def test_equal_items_in_a_cluster_count_once() -> None:
    values = draws(2).normal(size=30)
    once = clustered_mean(values, range(30))
    thrice = clustered_mean(np.repeat(values, 3), [f"passage {i // 3}" for i in range(90)])
    assert [thrice.value, thrice.low, thrice.high] == pytest.approx([once.value, once.low, once.high])
    assert thrice.n == 90


def test_clusters_of_unlike_size_agree_with_the_ratio_estimator() -> None:
    """Cochran 1977, 6.3: the variance of a ratio of cluster sums to cluster sizes."""
    values, clusters = np.array([1.0, 0, 1, 1, 0, 1]), ["a", "a", "a", "b", "b", "c"]
    sums, sizes = np.array([2.0, 1, 1]), np.array([3.0, 2, 1])
    residuals = sums - values.mean() * sizes
    expected = np.sqrt(3 / 2 * (residuals**2).sum()) / 6
    got = clustered_mean(values, clusters)
    reach = scipy_stats.t.ppf(0.975, 2) * expected
    assert [got.low, got.high] == pytest.approx([4 / 6 - reach, 4 / 6 + reach])


def passages(generator: np.random.Generator, n_clusters: int) -> tuple[np.ndarray, list[int]]:
    """Right answers to 1 to 3 questions about each passage, which share its difficulty; .6 on average."""
    sizes = generator.integers(1, 4, size=n_clusters)
    ease = np.repeat(generator.beta(1.2, 0.8, size=n_clusters), sizes)
    right = (generator.random(len(ease)) < ease).astype(np.float64)
    return right, np.repeat(np.arange(n_clusters), sizes).tolist()


@pytest.mark.parametrize("interval", [clustered_mean, clustered_proportion])
def test_clustered_intervals_cover_the_truth_and_independent_ones_do_not(
    interval: Callable[..., object],
) -> None:
    generator, covered, naive = draws(3), [], []
    for _ in range(600):
        right, clusters = passages(generator, 60)
        found = interval(right, clusters)
        covered.append(found.low <= 0.6 <= found.high)  # type: ignore[attr-defined]
        alone = clustered_mean(right, range(len(right)))
        naive.append(alone.low <= 0.6 <= alone.high)
    assert 0.93 <= np.mean(covered) <= 0.97
    assert np.mean(naive) < 0.91


def test_a_share_stays_inside_0_and_1_and_never_claims_certainty() -> None:
    every = clustered_proportion([1.0] * 12, [i // 3 for i in range(12)])
    assert every.value == every.high == 1.0
    assert every.low == pytest.approx(4 / (4 + scipy_stats.t.ppf(0.975, 3) ** 2))  # four passages, not twelve
    assert "4 clusters, 4 effective items" in every.method


def test_a_share_of_independent_items_is_wilsons_with_t() -> None:
    right = [1.0] * 30 + [0.0] * 20
    got = clustered_proportion(right, range(50))
    z = scipy_stats.t.ppf(0.975, 49)
    n = 50 * 49 / 50  # the factor G / (G - 1) costs one item
    centre = (0.6 + z * z / (2 * n)) / (1 + z * z / n)
    assert (got.low + got.high) / 2 == pytest.approx(centre)


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: clustered_mean([1.0, 2.0], ["a"]), "values has 2 items, clusters has 1"),
    (lambda: clustered_mean([1.0, 2.0], ["a", "a"]), "clusters names 1, at least 2 are needed"),
    (lambda: clustered_mean([1.0], ["a"]), "values has 1 items, at least 2 are needed"),
    (lambda: clustered_mean([1.0, 2.0], "ab", confidence=95), "confidence must be between 0 and 1, got 95"),
    (lambda: clustered_proportion([1.0, 0.5], "ab"), r"right must be 0 or 1 for each item\. Use clustered_mean"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(MeasureError, match=message):
        call()
