"""Printed 95 % intervals hold the truth 93 to 97 times in 100; of equal systems at most 6 are told apart."""

import numpy as np
import pytest
from bench.coverage.populations import (
    bits_per_byte,
    change_of_bits,
    equal_systems,
    overlap,
    relative_change,
    share_of_matches,
)
from bench.coverage.simulation import Population, coverage, resampled_figures
from scipy.stats import binom  # type: ignore[import-untyped]

from rantau.stats import bootstrap_corpus, mcnemar_exact, proportion_wilson
from rantau.stats.influence import effective_degrees
from rantau.stats.student import expanded_tail


@pytest.mark.parametrize(
    ("population", "n_items"),
    [
        (bits_per_byte(), 30), (bits_per_byte(), 60), (change_of_bits(), 60), (share_of_matches(), 20),
        (share_of_matches(), 64),
    ],
    ids=lambda value: getattr(value, "name", value),
)  # fmt: skip
def test_intervals_of_sums_hold_the_truth(population: Population, n_items: int) -> None:
    assert 0.93 <= coverage(population, n_items=n_items, n_samples=2000, n_resamples=600).expanded <= 0.97


def test_intervals_of_chrf_hold_the_truth() -> None:
    assert 0.93 <= coverage(overlap(), n_items=64, n_samples=500, n_resamples=300).expanded <= 0.97


def test_few_items_need_the_expansion() -> None:
    found = coverage(change_of_bits(), n_items=15, n_samples=2000, n_resamples=600)
    assert found.plain < 0.92
    assert found.expanded >= 0.93


def test_a_paired_interval_of_equal_systems_seldom_leaves_out_0() -> None:
    assert 1 - coverage(equal_systems(), n_items=64, n_samples=3000, n_resamples=600, seed=1).expanded <= 0.06


def test_the_simulation_is_of_the_interval_that_is_printed() -> None:
    samples = change_of_bits().draw(np.random.default_rng(3), (4, 30))
    figures = resampled_figures(samples, relative_change, seed=7, n_resamples=300)
    for n, sample in enumerate(samples):
        tail = expanded_tail(0.025, 30, effective_degrees(sample, relative_change))
        printed = bootstrap_corpus(sample, relative_change, seed=7, n_resamples=300)
        assert [printed.low, printed.high] == pytest.approx(np.quantile(figures[:, n], [tail, 1 - tail]).tolist())


@pytest.mark.parametrize("n", [64, 100, 500])
@pytest.mark.parametrize("share", [0.25, 0.4, 0.6, 0.75])
def test_wilsons_interval_holds_the_truth_by_the_binomial_law(n: int, share: float) -> None:
    intervals = [proportion_wilson(k, n) for k in range(n + 1)]
    held = sum(binom.pmf(k, n, share) for k, i in enumerate(intervals) if i.low <= share <= i.high)
    assert 0.93 <= held <= 0.97


@pytest.mark.parametrize("n_differ", [10, 40, 200])
def test_mcnemars_test_of_equal_systems_by_the_binomial_law(n_differ: int) -> None:
    told = [binom.pmf(b, n_differ, 0.5) for b in range(n_differ + 1) if mcnemar_exact(b, n_differ - b) <= 0.05]
    assert sum(told) <= 0.05
