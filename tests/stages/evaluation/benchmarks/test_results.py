"""Rows of benchmarks.json: chance in words, contaminated questions, what must be equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import MeasureError
from rantau.recipe import Contamination
from rantau.records import BenchmarkResult, Estimate
from rantau.stages.evaluation.benchmarks.asking import Told, Wanted
from rantau.stages.evaluation.benchmarks.catalogue import named
from rantau.stages.evaluation.benchmarks.figures import Options
from rantau.stages.evaluation.benchmarks.local import LocalTask
from rantau.stages.evaluation.benchmarks.marks import contaminated_rows
from rantau.stages.evaluation.benchmarks.results import Compared, at_chance, results_of
from tests.stages.evaluation.benchmarks.test_figures import question

OPTIONS = Options(seed=1, resamples=200, confidence=0.95)
LOCAL = LocalTask("xcopa_id", {"test": "xcopa_id/test.parquet"}, {"test": "ab" * 32}, {"test": 40}, ("a note",))


def facts(task: str = "xcopa_id", **changed: Any) -> dict[str, Any]:
    return {
        "task": task, "benchmark": "xcopa_id", "language": "ind", "shots": 0, "metric": "acc", "version": "1.0",
        "harness": "0.4.13", "split": "test", "data": "ab" * 32, "notes": ["a note"], "of": 40,
    } | changed  # fmt: skip


def compared(
    base: Sequence[float], adapted: Sequence[float], *, task: str = "xcopa_id", benchmark: str = "xcopa_id",
    marks: frozenset[int] | None = None,
) -> Compared:  # fmt: skip
    told = [
        Told(facts(task), [question(i, v, gold=i % 2, predicted=0, chance=0.5) for i, v in enumerate(values)])
        for values in (base, adapted)
    ]
    wanted = Wanted(task, replace(named(benchmark), name=benchmark), 0, None, LOCAL)
    return Compared(wanted, *told, marks)


def test_a_row_tells_all_that_makes_it_comparable() -> None:
    (row,) = results_of([compared([1, 0] * 20, [1, 1, 1, 0] * 10)], OPTIONS)
    assert (row.benchmark, row.task, row.language, row.n, row.n_clusters) == (
        "xcopa_id",
        "xcopa_id",
        "ind",
        40,
        40,
    )
    assert (row.base.value, row.adapted.value, row.chance) == (0.5, 0.75, 0.5)
    assert row.at_chance_base and not row.at_chance_adapted
    for part in ("lm-eval 0.4.13", "version 1.0", "0-shot", "acc", "no chat template", "files abababab test",
                 "40 questions", "Wilson", "always the same answer 0.500", "a note"):  # fmt: skip
        assert part in row.signature
    assert BenchmarkResult.from_row(row.to_row()) == row


def test_data_of_a_hub_are_told_by_their_commit() -> None:
    task = compared([1, 0] * 20, [1, 1, 1, 0] * 10)
    told = [replace(t, facts=facts(data=None)) for t in (task.base, task.adapted)]
    (row,) = results_of([Compared(replace(task.wanted, local=None, revision="0123456789" * 4), *told)], OPTIONS)
    assert "hub 01234567 test" in row.signature


def test_several_tasks_get_a_row_of_their_mean_and_holm_sees_all_rows() -> None:
    first = compared([1, 0] * 20, [1, 1, 1, 0] * 10, task="copal_id_standard", benchmark="copal_id")
    second = compared([0, 0] * 20, [1, 0] * 20, task="copal_id_colloquial", benchmark="copal_id")
    rows = results_of([first, second], OPTIONS)
    assert [row.task for row in rows] == ["copal_id_standard", "copal_id_colloquial", "copal_id"]
    assert rows[2].n == 80 and rows[2].base.value == pytest.approx(0.25)
    assert "mean of 2 tasks" in rows[2].signature
    assert all(row.p_holm >= row.p for row in rows)
    assert max(row.p_holm for row in rows) <= 1


def test_contaminated_questions_are_marked_and_left_out_of_the_clean_score() -> None:
    base, adapted = [0.0] * 40, [1.0] * 10 + [0.0] * 29 + [1.0]
    (row,) = results_of([compared(base, adapted, marks=frozenset(range(10)))], OPTIONS)
    assert (row.n_contaminated, row.clean_n) == (10, 30)
    assert row.adapted.value == pytest.approx(11 / 40)
    assert row.clean_adapted == pytest.approx(1 / 30)
    assert row.clean_change is not None and row.clean_change.value == pytest.approx(1 / 30)


def test_all_contaminated_leaves_no_clean_score() -> None:
    (row,) = results_of([compared([0, 1] * 3, [1, 1] * 3, marks=frozenset(range(6)))], OPTIONS)
    assert (row.n_contaminated, row.clean_n, row.clean_base, row.clean_change) == (6, 0, None, None)


@pytest.mark.parametrize(
    ("low", "chance", "expected"), [(0.4, 0.5, True), (0.51, 0.5, False), (0.5, 0.5, True), (0.2, None, None)]
)
def test_at_chance(low: float, chance: float | None, expected: bool | None) -> None:
    assert at_chance(Estimate(0.55, low, 0.7), chance) is expected


def test_other_prompts_are_refused() -> None:
    task = compared([1, 0], [1, 0])
    other = Told(task.adapted.facts, [replace(q, prompt="x") for q in task.adapted.questions])
    with pytest.raises(MeasureError, match="not asked the same"):
        results_of([replace(task, adapted=other)], OPTIONS)


def test_other_examples_are_refused() -> None:
    task = compared([1, 0], [1, 0])
    other = Told(facts(shots=5), task.adapted.questions)
    with pytest.raises(MeasureError, match="not asked the same"):
        results_of([replace(task, adapted=other)], OPTIONS)


def looked(tmp_path: Path, *, on_hit: str, path: str = "data/xcopa_id/test.parquet") -> frozenset[int] | None:
    asked = Contamination.model_validate(
        {"benchmarks": [{"name": "xcopa", "path": path, "columns": ["premise"]}], "on_hit": on_hit}
    )
    files.write_json(
        tmp_path / "clean" / "contamination.json", {"benchmarks": [{"benchmark": "xcopa", "hit_items": [2, 5]}]}
    )
    task = compared([1, 0], [1, 0])
    return contaminated_rows(
        tmp_path / "clean", asked, task.wanted, task.base, data=(tmp_path / "data").resolve(), folder=tmp_path
    )


def test_marks_are_the_rows_that_the_cleaning_found(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    assert looked(tmp_path, on_hit="mark") == {2, 5}
    assert looked(tmp_path, on_hit="drop") == frozenset()  # what leaked was left out
    assert looked(tmp_path, on_hit="mark", path="data/other.parquet") is None  # nobody looked
