"""A killed run asks only for what is missing; a request that cannot be met is told before any model is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import DataError, MachineError, RecipeError, SourceError
from rantau.recipe import BenchmarkTask
from rantau.stages.evaluation.benchmarks import asking, definitions, harness
from rantau.stages.evaluation.benchmarks.asking import SCRATCH, of_one_filter, wanted_tasks
from rantau.stages.evaluation.benchmarks.stage import benchmark_stage, fingerprint
from tests.stages.evaluation.benchmarks.material import context, copa_rows, make_data, recipe, write_task
from tests.stages.evaluation.fakes import Killed

pytest.importorskip("lm_eval")
pytestmark = pytest.mark.timeout(600)
ASKED = [{"name": "xcopa_id"}, {"name": "nusax_senti_ind"}]


def outputs(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted((out / "tasks").rglob("*.json"))}


def test_a_killed_run_goes_on_with_the_next_answer(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_data(tmp_path)
    asked, stage = recipe(tiny_base, ASKED), benchmark_stage("base", adapter_from=None)
    whole = context(stage, asked, tmp_path / "whole", tmp_path)
    stage.run(whole)

    told: list[int] = []
    original = harness._Telling.add_partial

    def dying(self: Any, attr: str, req: Sequence[Any], res: Any) -> None:
        original(self, attr, req, res)
        told.append(1)
        if len(told) == 31:  # 24 answers of xcopa_id, 7 of 36 of the next task
            raise Killed

    monkeypatch.setattr(harness._Telling, "add_partial", dying)
    killed = context(stage, asked, tmp_path / "killed", tmp_path)
    with pytest.raises(Killed):
        stage.run(killed)
    assert list(outputs(killed.out)) == ["tasks/xcopa_id/xcopa_id.json"]
    stage.run(killed)
    assert len(told) == 31 + 29  # none was asked twice
    assert outputs(killed.out) == outputs(whole.out)


def test_a_finished_stage_needs_no_model(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_data(tmp_path)
    stage, asked = benchmark_stage("base", adapter_from=None), recipe(tiny_base, ASKED[:1])
    done = context(stage, asked, tmp_path / "done", tmp_path)
    first = stage.run(done)

    def refuse(*_: Any) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(asking, "language_model", refuse)
    monkeypatch.setattr(asking, "load_task", refuse)
    assert stage.run(done) == first


def asked_of(*names: str) -> list[BenchmarkTask]:
    return [BenchmarkTask(name=name) for name in names]


def test_requests_that_cannot_be_met(tmp_path: Path) -> None:
    make_data(tmp_path)
    with pytest.raises(RecipeError, match="arc is named twice"):
        wanted_tasks(asked_of("arc", "arc"), "data", tmp_path)
    with pytest.raises(RecipeError, match=r"data does not hold kmmlu_accounting\. It holds: arc_challenge, bele"):
        wanted_tasks(asked_of("kmmlu"), "data", tmp_path)
    with pytest.raises(SourceError, match=r"no benchmarks\.json in it"):
        wanted_tasks(asked_of("arc"), "raw", tmp_path)


def test_shots_are_the_recipes_or_the_leaderboards(tmp_path: Path) -> None:
    make_data(tmp_path)
    (own,) = wanted_tasks([BenchmarkTask(name="arc", shots=2, max_items=5)], "data", tmp_path)
    (board,) = wanted_tasks(asked_of("arc"), "data", tmp_path)
    assert (own.shots, own.max_items, board.shots, board.max_items) == (2, 5, 25, None)


def test_a_task_of_no_benchmark_keeps_the_examples_of_its_definition(tmp_path: Path) -> None:
    (other,) = wanted_tasks(asked_of("own_sums"), None, tmp_path)
    assert other.shots is None
    for fixed, shots, told in ((3, None, 3), (3, 1, 1), (0, 2, 0), (None, None, 0), (None, 2, 2)):
        path = tmp_path / "own" / "own_sums.yaml"
        own = {
            "task": "own_sums", "dataset_path": "json", "output_type": "generate_until", "test_split": "test",
            "fewshot_split": "test", "doc_to_text": "{{question}}", "doc_to_target": "{{answer}}",
            "dataset_kwargs": {"data_files": {"test": str(tmp_path / "sums.jsonl")}},
        } | ({} if fixed is None else {"num_fewshot": fixed})  # fmt: skip
        files.write_jsonl(tmp_path / "sums.jsonl", [{"question": f"{i}?", "answer": str(i)} for i in range(9)])
        files.write_json(path, own)
        benchmark = replace(other.benchmark, definition=str(path), metric="exact_match")
        with harness.harness(offline=True):
            asked = harness.load_task(
                "own_sums", benchmark, shots=shots, local=None, folder=tmp_path, scratch=tmp_path / "scratch"
            )
        assert asked.shots == told


def test_a_question_that_several_filters_read_counts_once() -> None:
    samples = [{"doc_id": i, "filter": f} for i in (0, 1) for f in ("strict", "loose")]
    assert of_one_filter(samples, "loose") == [samples[1], samples[3]]
    assert of_one_filter(samples, "none") == [samples[0], samples[2]]


def test_a_file_that_is_not_as_it_was_imported_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    make_data(tmp_path)
    path = tmp_path / "data" / "xcopa_id" / "test.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    stage = benchmark_stage("base", adapter_from=None)
    asked = context(stage, recipe(tiny_base, ASKED[:1]), tmp_path / "out", tmp_path)
    with pytest.raises(DataError, match=r"xcopa_id/test\.parquet is not the file that was imported"):
        stage.run(asked)


def test_a_task_that_nobody_knows_is_told_before_the_model(tiny_base: Path, tmp_path: Path) -> None:
    write_task(tmp_path / "raw", "xcopa_id", "test", [r | {"label": 0} for r in copa_rows(3)])
    make_data(tmp_path)
    index = files.read_json(tmp_path / "data" / "benchmarks.json")
    files.write_json(tmp_path / "data" / "benchmarks.json", index | {"no_such_task": index["xcopa_id"]})
    stage = benchmark_stage("base", adapter_from=None)
    asked = context(stage, recipe(tiny_base, [{"name": "no_such_task"}]), tmp_path / "out", tmp_path)
    with pytest.raises(RecipeError, match="no benchmark is named 'no_such_task'"):
        stage.run(asked)
    with pytest.raises(RecipeError, match="no benchmark is named 'no_such_task'"):
        fingerprint(recipe(tiny_base, [{"name": "no_such_task"}]), tmp_path)


def test_a_missing_harness_is_told_before_any_stage(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_data(tmp_path)
    monkeypatch.setattr(definitions, "find_spec", lambda _: None)
    with pytest.raises(MachineError, match=r'pip install "rantau\[benchmarks\]"'):
        fingerprint(recipe(tiny_base, ASKED), tmp_path)


def test_a_missing_part_is_told(tiny_base: Path, tmp_path: Path) -> None:
    write_task(tmp_path / "raw", "xcopa_id", "train", [r | {"label": 0} for r in copa_rows(3)])
    from rantau.stages.evaluation.benchmarks.importing import import_benchmarks

    import_benchmarks(tmp_path / "raw", tmp_path / "data")
    stage = benchmark_stage("base", adapter_from=None)
    asked = context(stage, recipe(tiny_base, [{"name": "xcopa_id"}]), tmp_path / "out", tmp_path)
    with pytest.raises(DataError, match="xcopa_id: the harness cannot read its data"):
        stage.run(asked)


def test_the_fingerprint_knows_the_data_and_the_harness(tiny_base: Path, tmp_path: Path) -> None:
    make_data(tmp_path)
    asked = recipe(tiny_base, ASKED[:1])
    first: Mapping[str, str] = fingerprint(asked, tmp_path)
    assert set(first) == {"base", "lm_eval", "benchmark xcopa_id"}
    make_data(tmp_path, n=11)
    second = fingerprint(asked, tmp_path)
    assert [k for k in first if first[k] != second[k]] == ["benchmark xcopa_id"]


def test_the_ledger_is_scratch() -> None:
    assert benchmark_stage("base", adapter_from=None).scratch == (SCRATCH,)
