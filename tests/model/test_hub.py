"""Hub models: which files are fetched. A folder stands for the hub, behind transformers' cached_file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import ModelError
from rantau.model import hub
from rantau.model.base import resolve_base
from rantau.recipe import Model


class Hub:
    """Copies a file into the snapshot when it is asked for."""

    def __init__(self, remote: Path, snapshot: Path) -> None:
        self.remote, self.snapshot, self.revision = remote, snapshot, ""
        snapshot.mkdir()

    def cached_file(self, base: str, name: str, *, revision: str | None, **_: object) -> str | None:
        self.revision = str(revision)
        if not (self.remote / name).is_file():
            return None
        shutil.copyfile(self.remote / name, self.snapshot / name)
        return str(self.snapshot / name)

    @property
    def fetched(self) -> set[str]:
        return {p.name for p in self.snapshot.iterdir()}


@pytest.fixture
def remote(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    import transformers.utils.hub as client

    found = Hub(Path(shutil.copytree(tiny_base, tmp_path / "remote")), tmp_path / ("c" * 40))
    monkeypatch.setattr(client, "cached_file", found.cached_file)
    monkeypatch.setattr(hub, "reachable", lambda: True)
    return found


MODEL = Model(base="some/model", revision="v1")


def test_config_and_tokenizer_come_without_the_weights(remote: Hub) -> None:
    found = resolve_base(MODEL, weights=False)
    assert found.sha256 == "c" * 40
    assert remote.revision == "v1"
    assert {"config.json", "tokenizer.json", "tokenizer_config.json"} <= remote.fetched
    assert "model.safetensors" not in remote.fetched


def test_weights_come_when_they_are_needed(remote: Hub) -> None:
    assert resolve_base(MODEL).path == remote.snapshot
    assert "model.safetensors" in remote.fetched


def test_all_shards_of_an_index_come(remote: Hub) -> None:
    (remote.remote / "model.safetensors").rename(remote.remote / "a.safetensors")
    shutil.copyfile(remote.remote / "a.safetensors", remote.remote / "b.safetensors")
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    files.write_json(remote.remote / "model.safetensors.index.json", index)
    resolve_base(MODEL)
    assert {"a.safetensors", "b.safetensors"} <= remote.fetched


def test_a_repository_of_pickles_is_refused_before_one_is_fetched(remote: Hub) -> None:
    (remote.remote / "model.safetensors").rename(remote.remote / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no model\.safetensors\. Only safetensors are loaded"):
        resolve_base(MODEL)
    assert "pytorch_model.bin" not in remote.fetched


def test_code_is_fetched_only_when_it_is_allowed_by_name(remote: Hub) -> None:
    config = files.read_json(remote.remote / "config.json")
    files.write_json(remote.remote / "config.json", config | {"auto_map": {"AutoConfig": "odd.OddConfig"}})
    (remote.remote / "odd.py").write_text("")
    with pytest.raises(ModelError, match="asks to run Python code"):
        resolve_base(MODEL)
    assert "odd.py" not in remote.fetched
    resolve_base(MODEL.model_copy(update={"allow_custom_code": "some/model"}))
    assert "odd.py" in remote.fetched


def test_a_hash_makes_no_sense_for_the_hub(remote: Hub) -> None:
    with pytest.raises(ModelError, match=r"pin the hub model some/model by model\.revision"):
        resolve_base(MODEL.model_copy(update={"sha256": "abc"}))
