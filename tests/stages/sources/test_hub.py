"""Hub data sets, exercised on saved ones; no network."""

import sys
from pathlib import Path

import pytest

from rantau.errors import SourceError
from rantau.stages.sources.stage import fingerprint
from tests.stages.sources.given import jsonl, read, recipe

ROWS = [{"text": "Pantai itu sepi."}, {"text": "Hujan turun."}]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def test_a_saved_data_set_is_read(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "satu")
    datasets.DatasetDict({"uji": datasets.Dataset.from_list(ROWS)}).save_to_disk(tmp_path / "dua")
    assert [d.text for d in read(tmp_path, "hub:./satu")[0]] == [r["text"] for r in ROWS]
    assert [d.id for d in read(tmp_path, f"hub:{tmp_path}/dua", split="uji")[0]] == ["puisi:1", "puisi:2"]
    with pytest.raises(SourceError, match=r"cannot load split 'train' \(KeyError"):
        read(tmp_path, "hub:./dua")


def test_a_folder_of_files_is_read_by_the_builder(tmp_path: Path) -> None:
    (tmp_path / "tiga").mkdir()
    jsonl(tmp_path / "tiga" / "train.jsonl", ROWS)
    assert len(read(tmp_path, "hub:./tiga")[0]) == 2


def test_a_missing_folder_and_a_hub_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"hub:\./tidak: no such folder"):
        read(tmp_path, "hub:./tidak")
    with pytest.raises(SourceError, match=r"the hub is out of reach.*hub:/path/to/folder"):
        read(tmp_path, "hub:nobody/no-such-data-set")


def test_without_the_package_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SourceError, match=r"pip install 'rantau\[hub\]'"):
        read(tmp_path, "hub:nobody/no-such-data-set")


def test_an_unpinned_revision_is_recorded(tmp_path: Path) -> None:
    asked = recipe({"name": "a", "path": "hub:x/y"}, {"name": "b", "path": "hub:x/y", "revision": "abc"})
    assert fingerprint(asked, tmp_path) == {"a": "x/y@unpinned#train", "b": "x/y@abc#train"}
