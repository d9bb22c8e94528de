"""Approximate randomisation: against every permutation, another library, and its error rate."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import permutation_test  # type: ignore[import-untyped]

from rantau.errors import MeasureError
from rantau.stats import approximate_randomisation
from rantau.stats import randomisation as randomisation_module

Floats = np.ndarray


def draws(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def ratio(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1])


def first(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0])


def test_few_items_agree_with_all_their_permutations() -> None:
    a, b = draws(1).uniform(1, 5, size=(2, 9, 2))
    seen = abs(ratio(a.sum(axis=0)[None])[0] - ratio(b.sum(axis=0)[None])[0])
    far = []
    for swap in product([False, True], repeat=9):
        at = np.array(swap)[:, None]
        one, other = np.where(at, b, a).sum(axis=0), np.where(at, a, b).sum(axis=0)
        far.append(abs(ratio(one[None])[0] - ratio(other[None])[0]) >= seen - 1e-12)
    assert approximate_randomisation(a, b, ratio, seed=0, n_trials=40_000) == pytest.approx(np.mean(far), abs=0.01)


def test_a_mean_agrees_with_scipys_permutation_test() -> None:
    a = draws(2).normal(size=40)
    b = a + draws(3).normal(0.25, 0.8, size=40)
    expected = permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=9999, rng=draws(4)
    ).pvalue
    got = approximate_randomisation(a[:, None], b[:, None], first, seed=0)
    assert got == pytest.approx(expected, abs=0.02)


def test_equal_systems_are_not_told_apart_and_unlike_ones_never_get_0() -> None:
    values = draws(5).normal(size=(50, 1))
    assert approximate_randomisation(values, values, first, seed=0, n_trials=99) == 1.0
    assert approximate_randomisation(values, values + 1, first, seed=0, n_trials=99) == 1 / 100


def test_which_system_comes_first_does_not_matter() -> None:
    a, b = draws(6).uniform(1, 2, size=(2, 30, 2))
    assert approximate_randomisation(a, b, ratio, seed=3) == approximate_randomisation(b, a, ratio, seed=3)


def test_the_seed_decides_every_digit_and_the_memory_none(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = draws(7).normal(size=(2, 33, 1))
    found = approximate_randomisation(a, b, first, seed=1, n_trials=999)
    assert approximate_randomisation(a, b, first, seed=1, n_trials=999) == found
    assert approximate_randomisation(a, b, first, seed=2, n_trials=999) != found
    monkeypatch.setattr(randomisation_module, "MAX_SIGNS_AT_ONCE", 200)
    assert approximate_randomisation(a, b, first, seed=1, n_trials=999) == found


def test_systems_that_are_equally_good_are_told_apart_5_times_in_100() -> None:
    generator = draws(8)
    n_bytes = np.exp(generator.normal(5, 0.6, size=(800, 60)))
    told = [
        approximate_randomisation(
            *(np.column_stack([row * np.exp(generator.normal(0, 0.3, size=60)), row]) for _ in range(2)),
            ratio, seed=0, n_trials=399,
        )
        <= 0.05
        for row in n_bytes
    ]  # fmt: skip
    assert np.mean(told) <= 0.06


def test_what_cannot_be_compared_is_refused() -> None:
    ones = [[1.0], [1.0]]
    with pytest.raises(MeasureError, match=r"statistics_a has the shape \(2, 1\), statistics_b \(3, 1\)"):
        approximate_randomisation(ones, [*ones, [1.0]], first, seed=0)
    with pytest.raises(MeasureError, match="n_trials must be 1 or more, got 0"):
        approximate_randomisation(ones, ones, first, seed=0, n_trials=0)
    with pytest.raises(MeasureError, match="seed must be 0 or more, got -1"):
        approximate_randomisation(ones, ones, first, seed=-1)
    with pytest.raises(MeasureError, match="not finite"):
        approximate_randomisation([[1.0, 0], [1, 0]], [[1.0, 1], [1, 1]], ratio, seed=0)
