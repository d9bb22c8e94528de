"""Figures of benchmarks against scikit-learn, scipy and closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from rantau.errors import MeasureError
from rantau.stages.evaluation.benchmarks.figures import Options, Pair, macro_f1, measure
from rantau.stages.evaluation.benchmarks.questions import Question
from rantau.stats import mcnemar_exact, proportion_wilson

OPTIONS = Options(seed=3, resamples=400, confidence=0.95)


def question(n: int, value: float, *, gold: int = 0, predicted: int = 0, chance: float = 0.25) -> Question:
    return Question(n, n, f"p{n}", value, gold, predicted, chance, None)


def pair(base: Sequence[float], adapted: Sequence[float], clusters: Sequence[str] | None = None) -> Pair:
    sides = ([question(i, v) for i, v in enumerate(values)] for values in (base, adapted))
    return Pair(*sides, clusters or [f"q{id(base)}-{i}" for i in range(len(base))])


def labelled(gold: Sequence[int], said: Sequence[int]) -> list[Question]:
    return [
        question(i, float(g == s), gold=g, predicted=s) for i, (g, s) in enumerate(zip(gold, said, strict=True))
    ]


def test_one_task_of_right_and_wrong() -> None:
    base, adapted = [1, 1, 0, 0, 0, 0, 0, 0] * 10, [1, 1, 1, 1, 0, 0, 0, 0] * 10
    found = measure([pair(base, adapted)], "acc", OPTIONS)
    assert (found.base.value, found.adapted.value, found.change.value) == (0.25, 0.5, 0.25)
    assert found.p == mcnemar_exact(0, 20)
    wilson = proportion_wilson(20, 80)
    assert found.base.low == pytest.approx(wilson.low, abs=0.01)
    assert found.base.high == pytest.approx(wilson.high, abs=0.01)
    assert found.chance == 0.25


def test_questions_of_one_passage_count_as_few() -> None:
    base, adapted = [1, 1, 1, 0, 0, 0] * 8, [1, 1, 1, 1, 1, 1] * 4 + [0, 0, 0, 1, 1, 1] * 4
    alone = measure([pair(base, adapted)], "acc", OPTIONS)
    passages = [f"passage {i // 3}" for i in range(48)]
    together = measure([pair(base, adapted, passages)], "acc", OPTIONS)
    assert together.base.value == alone.base.value
    width = [m.base.high - m.base.low for m in (alone, together)]
    assert width[1] > 1.4 * width[0]
    assert together.resolvable > 1.4 * alone.resolvable
    assert together.p > alone.p


def test_of_several_tasks_each_weighs_the_same() -> None:
    small, large = pair([1, 0] * 5, [1, 1] * 5), pair([0] * 90 + [1] * 10, [0] * 90 + [1] * 10)
    found = measure([small, large], "acc", OPTIONS)
    assert found.base.value == pytest.approx((0.5 + 0.1) / 2)
    assert found.change.value == pytest.approx((0.5 + 0.0) / 2)
    # the standard error of a mean of two independent means: half the root of the summed squares
    expected = np.sqrt(0.25 / 9 + 0.09 / 99) / 2
    assert (found.base.high - found.base.low) / 2 == pytest.approx(1.98 * expected, rel=0.03)


def test_the_spread_of_small_tasks_is_not_taken_from_their_own_means() -> None:
    generator = np.random.default_rng(4)

    def drawn() -> list[Pair]:
        sides = generator.integers(0, 2, (2, 20, 3)).astype(float)
        return [
            pair(b.tolist(), a.tolist(), [f"{n} {i}" for i in range(3)])
            for n, (b, a) in enumerate(zip(*sides, strict=True))
        ]

    found = [measure(drawn(), "acc", OPTIONS) for _ in range(150)]
    missed = np.mean([not m.base.low <= 0.5 <= m.base.high for m in found])
    assert missed <= 0.09  # of intervals that may miss 0.05; 0.14 with the spread around the tasks' means
    assert np.mean([m.p <= 0.05 for m in found]) <= 0.08  # 0.11


def test_a_p_value_of_several_tasks_is_that_of_the_plain_values() -> None:
    base, adapted = [[0, 0], [0, 0], [0, 0], [1, 0]], [[1, 1], [1, 0], [1, 1], [1, 1]]
    tasks = [
        pair(b, a, [f"{n} {i}" for i in range(2)]) for n, (b, a) in enumerate(zip(base, adapted, strict=True))
    ]
    # six questions improved and none got worse: both signs of all six, of 64 ways
    assert measure(tasks, "acc", OPTIONS).p == pytest.approx(2 / 64, abs=0.006)


def test_macro_f1_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    gold, first, second = (generator.integers(0, 3, 200).tolist() for _ in range(3))
    mixed = [g if i % 2 else s for i, (g, s) in enumerate(zip(gold, second, strict=True))]
    task = Pair(labelled(gold, first), labelled(gold, mixed), [str(i) for i in range(200)])
    found = measure([task], "macro_f1", OPTIONS)
    assert found.base.value == pytest.approx(f1_score(gold, first, average="macro"))
    assert found.adapted.value == pytest.approx(f1_score(gold, mixed, average="macro"))
    assert found.base.low < found.base.value < found.base.high
    assert found.p < 0.01
    assert found.chance == pytest.approx(1 / 3, abs=0.02)
    assert found.resolvable == pytest.approx(2.8 * (found.change.high - found.change.low) / 3.92, rel=0.03)


def test_macro_f1_leaves_out_classes_that_never_occur() -> None:
    counts = np.array([[5.0, 0.0, 0.0, 8.0, 2.0, 0.0, 6.0, 4.0, 0.0]])  # hits, answers, truths of three classes
    assert macro_f1(counts, [9])[0] == pytest.approx((10 / 14 + 0) / 2)


def test_the_same_sentence_in_two_languages_is_one_cluster() -> None:
    generator = np.random.default_rng(1)
    gold = generator.integers(0, 3, 60).tolist()
    said = generator.integers(0, 3, 60).tolist()
    clusters = [str(i) for i in range(60)]
    one = Pair(labelled(gold, said), labelled(gold, gold), clusters)
    twice = measure([one, one], "macro_f1", OPTIONS)
    once = measure([one], "macro_f1", OPTIONS)
    assert twice.base == once.base  # the second language brought nothing new


@pytest.mark.parametrize("metric", ["acc", "macro_f1"])
def test_systems_that_agree_on_every_question_are_not_known_to_be_equal(metric: str) -> None:
    said = [i % 3 for i in range(30)]
    answers = labelled([i % 2 for i in range(30)], said)
    alike = Pair(answers, answers, [str(i) for i in range(30)])
    for tasks in ([alike], [alike, replace(alike, clusters=[f"b{i}" for i in range(30)])]):
        found = measure(tasks, metric, OPTIONS)
        assert found.change.value == 0 and found.p == 1
        assert -0.12 < found.change.low < -0.02 and 0.02 < found.change.high < 0.12
        assert found.resolvable > found.change.high


def test_one_question_is_no_measurement() -> None:
    with pytest.raises(MeasureError, match="at least 2 are needed"):
        measure([pair([1], [0])], "acc", OPTIONS)
