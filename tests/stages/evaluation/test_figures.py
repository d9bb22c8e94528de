"""The six rows of a metric, from tables whose figures are known."""

import numpy as np
import pytest
from scipy.stats import binomtest

from rantau.stages.evaluation.figures import corpus_rows, mean_rows
from rantau.stages.evaluation.scores import Measure
from rantau.stages.evaluation.tables import Tables, column, columns
from tests.stages.evaluation.said import RESAMPLING, by_system

SHARE = Measure("m", "tanya", "share", "higher", "m|set")
SYSTEMS = ["base", "adapted", "change", "ceiling", "chance", "chance-base"]


def test_yes_or_no_has_wilson_bounds_and_an_exact_test() -> None:
    base, adapted = [0.0] * 8 + [1.0] * 2, [1.0] * 7 + [0.0] * 2 + [1.0]
    tables = Tables(columns([base]), columns([adapted]), column([1.0] * 10))
    rows = mean_rows(SHARE, tables, RESAMPLING, yes_or_no=True, n_untold={"base": 1, "adapted": 2, "ceiling": 0})
    assert [r.system for r in rows] == SYSTEMS
    by = by_system(rows)
    assert (by["base"].value, by["adapted"].value, by["ceiling"].value) == (0.2, 0.8, 1.0)
    assert (by["base"].low, by["base"].high) == pytest.approx((0.0567, 0.5098), abs=1e-4)
    assert by["change"].value == pytest.approx(0.6)
    assert "paired adjusted Wald" in by["change"].signature
    assert by["change"].p_mcnemar == pytest.approx(binomtest(1, 8).pvalue)  # 7 won, 1 lost
    assert by["change"].p_value is None
    assert [by[s].n_untold for s in ("base", "adapted", "ceiling", "change")] == [1, 2, 0, None]  # type: ignore[index]
    assert all(r.n == 10 and r.signature.startswith("m|set") for r in rows)
    assert all(r.sd_repeats is None for r in rows)


def test_a_metric_that_sees_no_reference_says_so() -> None:
    marks = columns([[0.0, 1.0, 1.0]])
    by = by_system(mean_rows(SHARE, Tables(marks, marks, marks[0]), RESAMPLING))
    for system in ("chance", "chance-base"):
        assert by[system].value is None and "any other prompt" in str(by[system].reason)  # type: ignore[index]


@pytest.mark.parametrize("yes_or_no", [True, False])
def test_equal_answers_change_nothing(yes_or_no: bool) -> None:
    marks = columns([[0.0, 1.0, 1.0, 0.0]])
    change = by_system(mean_rows(SHARE, Tables(marks, marks, marks[0]), RESAMPLING, yes_or_no=yes_or_no))["change"]
    assert change.value == 0.0 and change.low is not None and change.high is not None
    assert (change.low < 0 < change.high) if yes_or_no else (change.low == change.high == 0.0)
    assert (change.p_mcnemar if yes_or_no else change.p_value) == 1.0


def test_means_of_repeated_answers_are_taken_item_by_item() -> None:
    draws = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])  # (draw, item)
    better = draws + 1
    tables = Tables(columns(list(draws)), columns(list(better)), column([2.0] * 3), columns([[0.5] * 3] * 5))
    by = by_system(mean_rows(SHARE, tables, RESAMPLING))
    assert by["base"].value == pytest.approx(0.5)  # of 1, 0.5, 0
    assert by["base"].n == 3
    assert by["base"].sd_repeats == pytest.approx(np.std([1 / 3, 2 / 3], ddof=1))
    assert "mean of 2 answers an item" in by["base"].signature
    assert (by["change"].value, by["change"].low, by["change"].high) == (1.0, 1.0, 1.0)  # every item gains 1
    assert by["chance"].value == 0.5 and by["chance"].sd_repeats is None


def test_repeated_yes_or_no_loses_the_exact_test() -> None:
    draws = columns([[1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0]])
    by = by_system(mean_rows(SHARE, Tables(draws, draws, draws[0]), RESAMPLING, yes_or_no=True))
    assert by["change"].p_mcnemar is None and by["change"].p_value == 1.0
    assert "bootstrap" in by["base"].signature and "Wilson" in by["ceiling"].signature


def ratio(sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[..., 0] / sums[..., 1])


def test_a_corpus_figure_is_one_a_repeat_and_their_mean() -> None:
    draw = np.random.default_rng(0)
    base = tuple(
        np.column_stack([draw.integers(0, 5, 30), draw.integers(5, 9, 30)]).astype(float) for _ in range(3)
    )
    adapted = tuple(table + np.array([2, 0]) for table in base)
    by = by_system(corpus_rows(SHARE, Tables(base, adapted, base[0], base, adapted), ratio, RESAMPLING))
    figures = [table[:, 0].sum() / table[:, 1].sum() for table in base]
    assert by["base"].value == pytest.approx(np.mean(figures))
    assert by["base"].sd_repeats == pytest.approx(np.std(figures, ddof=1))
    assert by["chance"].value == by["base"].value and by["chance-base"].value == by["adapted"].value
    assert by["change"].value == pytest.approx(by["adapted"].value - by["base"].value)  # type: ignore[operator]
    assert by["change"].p_value is not None and by["change"].p_value < 0.01
    assert all(r.low <= r.value <= r.high for r in by.values())  # type: ignore[operator]
