"""Data of a hub enter by commit, or not at all; what is read is what was pinned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import RecipeError
from rantau.stages.evaluation.benchmarks import harness
from rantau.stages.evaluation.benchmarks.catalogue import Benchmark, catalogue, named
from rantau.stages.evaluation.benchmarks.definitions import definition, read_definition
from rantau.stages.evaluation.benchmarks.hub_data import data_set_of
from rantau.stages.evaluation.benchmarks.stage import fingerprint
from tests.stages.evaluation.benchmarks.material import copa_rows, make_data, recipe

pytest.importorskip("lm_eval")
COMMIT, OTHER = "0123456789" * 4, "abcdef0123" * 4


def test_the_key_knows_data_set_and_commit(tiny_base: Path, tmp_path: Path) -> None:
    asked = [recipe(tiny_base, [{"name": "xcopa_id", "revision": r}], None) for r in (COMMIT, OTHER)]
    first, second = (fingerprint(one, tmp_path) for one in asked)
    assert first["benchmark xcopa_id"] == f"cambridgeltl/xcopa@{COMMIT}"
    assert [k for k in first if first[k] != second[k]] == ["benchmark xcopa_id"]


def test_without_a_commit_nothing_is_asked(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        fingerprint(recipe(tiny_base, [{"name": "kobest"}], None), tmp_path)
    message = str(caught.value)
    assert message.startswith(
        "evaluation.benchmarks.kobest: its data would come from the hub as they are that day"
    )
    assert "revision: <commit of skt/kobest_v1>" in message
    assert "rantau data import-benchmarks DIR" in message and "evaluation.benchmark_data" in message


@pytest.mark.parametrize("revision", ["main", "v1.0", "0123abc", OTHER.upper()])
def test_what_moves_is_no_commit(tiny_base: Path, revision: str) -> None:
    with pytest.raises(
        RecipeError, match=rf"kobest\.revision: must be a commit, 40 hexadecimal digits, got '{revision}'"
    ):
        recipe(tiny_base, [{"name": "kobest", "revision": revision}], None)


def test_data_that_the_user_supplies_are_on_no_hub(tiny_base: Path, tmp_path: Path) -> None:
    for revision in (None, COMMIT):
        with pytest.raises(RecipeError, match="indommlu is no task of the harness; you supply its data"):
            fingerprint(recipe(tiny_base, [{"name": "indommlu", "revision": revision}], None), tmp_path)


def test_files_of_a_folder_have_no_commit(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"kobest\.revision is for data of the hub, but benchmark_data names the"
    ):
        recipe(tiny_base, [{"name": "kobest", "revision": COMMIT}], "data")
    make_data(tmp_path)
    assert "benchmark xcopa_id" in fingerprint(recipe(tiny_base, [{"name": "xcopa_id"}], "data"), tmp_path)


def test_each_benchmark_of_the_catalogue_is_one_data_set_of_the_hub() -> None:
    for benchmark in catalogue().values():
        found = {read_definition(definition(task, benchmark)).get("dataset_path") for task in benchmark.tasks}
        assert len(found) == 1, benchmark.name
        if not benchmark.own:
            assert data_set_of(benchmark) in found


def test_a_task_whose_data_no_commit_pins_is_refused(tmp_path: Path) -> None:
    for values in ({"dataset_path": "json"}, {"dataset_path": "some/set", "custom_dataset": "made"}, {}):
        path = tmp_path / "own.yaml"
        files.write_json(path, values)
        benchmark = Benchmark("sums", "Sums", "eng", 0, "acc", None, "", ("sums",), "me", definition=str(path))
        with pytest.raises(RecipeError, match="sums: its definition names no data set of the hub that a commit"):
            data_set_of(benchmark)


def test_a_definition_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("include: b.yaml\ntask: a\ndoc_to_text: !function utils.ask\n")
    (tmp_path / "b.yaml").write_text("task: b\ndataset_path: org/set\ndataset_kwargs: {trust_remote_code: true}\n")
    found = read_definition(tmp_path / "a.yaml")
    assert (found["task"], found["dataset_path"]) == ("a", "org/set")
    assert found["dataset_kwargs"] == {"trust_remote_code": True}


def test_the_commit_is_what_the_harness_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    read: list[dict[str, Any]] = []

    def load(**asked: Any) -> Any:
        read.append(asked)
        rows = datasets.Dataset.from_list([r | {"label": int(r["label"])} for r in copa_rows(6)])
        return datasets.DatasetDict({"test": rows, "validation": rows})

    monkeypatch.setattr(datasets, "load_dataset", load)
    with harness.harness(offline=True):
        asked = harness.load_task(
            "xcopa_id", named("xcopa_id"), shots=0, local=None, folder=tmp_path, scratch=tmp_path, revision=COMMIT
        )
    assert asked.n_documents == 6
    assert (read[0]["path"], read[0]["revision"]) == ("cambridgeltl/xcopa", COMMIT)
