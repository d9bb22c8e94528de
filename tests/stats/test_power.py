"""The smallest difference that a comparison would find: the size it says is the size it finds."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp  # type: ignore[import-untyped]

from rantau.errors import MeasureError
from rantau.stats import mcnemar_exact, resolvable_difference


def draws(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("power", [0.8, 0.95])
def test_a_difference_of_that_size_is_found_that_often(power: float) -> None:
    gaps = draws(1).normal(0, 1, size=(4000, 50))
    sizes = [resolvable_difference(np.zeros(50), row, power=power) for row in gaps[:300]]
    found = ttest_1samp(gaps + np.mean(sizes), 0, axis=1).pvalue < 0.05
    assert np.mean(found) == pytest.approx(power, abs=0.02)


def test_shares_are_found_by_mcnemars_test() -> None:
    """Two systems that differ on 15 % of 500 questions; then one of them is better by the size told."""
    generator, n, differ = draws(2), 500, 0.15
    gaps = generator.choice([-1.0, 1.0, 0.0], p=[differ / 2, differ / 2, 1 - differ], size=(60, n))
    sizes = [resolvable_difference(np.where(row < 0, 1.0, 0.0), np.where(row > 0, 1.0, 0.0)) for row in gaps]
    size = float(np.mean(sizes))
    wins = generator.multinomial(n, [(differ + size) / 2, (differ - size) / 2, 1 - differ], size=2000)
    found = np.mean([mcnemar_exact(int(loss), int(win)) < 0.05 for win, loss, _ in wins])
    assert 0.72 <= found <= 0.82  # the exact test is a little stricter than it says


def test_the_arithmetic_of_a_known_benchmark() -> None:
    """COPA with 500 questions, two systems at one half whose answers correlate by .5: about 6 points."""
    first = np.array([1.0] * 250 + [0.0] * 250)
    second = np.array(([1.0] * 375 + [0.0] * 125)[::-1])
    second = np.where(np.arange(500) % 4 == 0, 1 - first, first)  # a quarter of the questions differ
    assert resolvable_difference(first, second) == pytest.approx(2.8 * np.sqrt(0.25 / 500), rel=0.02)


def test_questions_that_share_a_passage_resolve_less() -> None:
    base = draws(3).normal(size=120)
    shared = np.repeat(draws(4).normal(size=40), 3)
    alone = resolvable_difference(base, base + shared)
    together = resolvable_difference(base, base + shared, clusters=[i // 3 for i in range(120)])
    assert together == pytest.approx(alone * np.sqrt(3), rel=0.06)


def test_systems_that_agree_on_every_item_do_not_resolve_everything() -> None:
    marks = np.array([0.0, 1.0] * 50)
    assert resolvable_difference(marks, marks) == pytest.approx(2.8 / 102, rel=0.03)
    assert resolvable_difference(marks * 7, marks * 7) == 0.0


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(MeasureError, match="power and confidence must be between 0 and 1, got 80"):
        resolvable_difference([0.0, 1], [1.0, 0], power=80)
    with pytest.raises(MeasureError, match="first has 2, second has 3"):
        resolvable_difference([0.0, 1], [1.0, 0, 1])
    with pytest.raises(MeasureError, match="values has 2 items, clusters has 1"):
        resolvable_difference([0.0, 1], [1.0, 0], clusters=["a"])
