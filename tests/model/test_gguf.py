"""GGUF to safetensors: equal values, an intact cache, one builder at a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rantau.errors import MachineError, ModelError
from rantau.machine import Machine
from rantau.model import cached, gguf
from rantau.model.base import base_fingerprint, resolve_base
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Model
from rantau.run.progress import Progress
from tests.model.tiny_gguf import write_tiny_gguf


class Heard(Progress):
    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def file(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tiny_base, tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RANTAU_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_weights_are_those_of_the_model_within_a_step_of_q8(file: Path, tiny_base: Path) -> None:
    ours = load_base(Model(base=str(file)), Machine()).state_dict()
    theirs = load_base(Model(base=str(tiny_base)), Machine()).state_dict()
    assert set(ours) == set(theirs)
    for name, tensor in ours.items():
        step = theirs[name].abs().max() / 127
        assert (tensor - theirs[name]).abs().max() <= step, name


def test_weights_are_exactly_what_the_file_says(file: Path) -> None:
    import gguf as reader

    tensor = next(t for t in reader.GGUFReader(file).tensors if t.name == "blk.1.ffn_down.weight")
    exact = reader.quants.dequantize(tensor.data, tensor.tensor_type)
    loaded = load_base(Model(base=str(file)), Machine()).state_dict()["model.layers.1.mlp.down_proj.weight"]
    assert (loaded.numpy() == exact).all()


def test_the_tokenizer_comes_along(file: Path, tiny_base: Path) -> None:
    ours, theirs = load_tokenizer(Model(base=str(file))), load_tokenizer(Model(base=str(tiny_base)))
    assert ours.get_vocab() == theirs.get_vocab()
    assert (ours.bos_token, ours.eos_token, ours.pad_token) == ("<|im_start|>", "<|im_end|>", "<|padding|>")
    assert ours.chat_template == theirs.chat_template
    assert ours("Halo dunia").input_ids == theirs("Halo dunia").input_ids


def test_digits_stand_apart_as_smollm2_was_trained(file: Path) -> None:
    tokens = load_tokenizer(Model(base=str(file)))("a  42").tokens()
    assert tokens[-2:] == ["4", "2"]
    assert not any("4" in t and len(t) > 1 for t in tokens)


def test_a_split_that_is_not_known_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    odd = write_tiny_gguf(tiny_base, tmp_path / "odd.gguf", split="marsian")
    with pytest.raises(
        ModelError, match=r"odd\.gguf: its tokenizer splits text by 'marsian'.*safetensors instead"
    ):
        resolve_base(Model(base=str(odd)))
    assert not list((tmp_path / "cache" / "models").glob("[!.]*"))


def test_it_is_built_once_and_says_so(file: Path) -> None:
    heard = Heard()
    first = resolve_base(Model(base=str(file)), heard)
    second = resolve_base(Model(base=str(file)), heard)
    assert first == second
    assert len(heard.said) == 1
    assert heard.said[0].startswith("Dequantising tiny.gguf once into ")
    assert first.path.name == first.sha256 == base_fingerprint(Model(base=str(file)))


@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "no record"])
def test_a_damaged_cache_is_built_again(file: Path, damage: str) -> None:
    folder = resolve_base(Model(base=str(file))).path
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    if damage == "cut":
        weights.write_bytes(whole[:-1])
    elif damage == "flip":
        weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        os.utime(weights, (1, 1))  # the clock of a disk may tick so seldom that the record has this time too
    elif damage == "gone":
        weights.unlink()
    else:
        (folder / cached.MARKER).write_text("{")
    assert gguf.converted(folder.name) is None
    assert resolve_base(Model(base=str(file))).path == folder
    assert weights.read_bytes() == whole


def test_leftovers_of_a_killed_builder_do_not_matter(file: Path, cache: Path) -> None:
    sha256 = base_fingerprint(Model(base=str(file)))
    left = cache / "models" / f".{sha256}.tmp"
    left.mkdir(parents=True)
    (left / "odd.safetensors").write_text("half")
    folder = resolve_base(Model(base=str(file))).path
    assert not left.exists()
    assert not (folder / "odd.safetensors").exists()


def test_builders_at_once_build_once(file: Path) -> None:
    heard = Heard()
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: resolve_base(Model(base=str(file)), heard), range(3)))
    assert len(set(found)) == len(heard.said) == 1


def test_another_file_than_the_recipe_names_is_refused(file: Path) -> None:
    with pytest.raises(ModelError, match=f"sha256 is {base_fingerprint(Model(base=str(file)))}.*says {'0' * 64}"):
        resolve_base(Model(base=str(file), sha256="0" * 64))


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model at all"])
def test_what_is_no_gguf_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf: cannot be read as GGUF: .* Copy it again"):
        resolve_base(Model(base=str(path)))


def test_a_gguf_that_was_cut_off_is_named(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(file.read_bytes()[:-5000])
    with pytest.raises(ModelError, match=r"cut\.gguf: cannot be read as GGUF"):
        resolve_base(Model(base=str(path)))


def test_a_cache_that_cannot_be_written_is_named(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").write_text("a file")
    monkeypatch.setenv("RANTAU_CACHE", str(tmp_path / "plain"))
    with pytest.raises(MachineError, match=r"plain/models: cannot be written .* Set RANTAU_CACHE"):
        resolve_base(Model(base=str(file)))


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rantau.model.cached import cache_root

    monkeypatch.delenv("RANTAU_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "rantau"
    monkeypatch.setenv("RANTAU_CACHE", str(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"
