"""An adapter that belongs to the base: merged once, found again, and part of what identifies the base."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import ModelError, SourceError
from rantau.machine import Machine
from rantau.model import hub
from rantau.model.adapters import load_adapter, save_adapter
from rantau.model.base import base_fingerprint, resolve_base
from rantau.model.load import load_base
from rantau.model.shapes import trainable_parameters
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Adapter, Model
from tests.model.adapted import apart, attached, base_of, learn


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def bar(self, *_: object) -> Any:
        raise AssertionError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RANTAU_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hub, "reachable", lambda: False)
    return tmp_path / "cache"


@pytest.fixture
def own(tiny_base: Path, tmp_path: Path) -> Path:
    save_adapter(
        learn(attached(Model(base=str(tiny_base)), rank=4)), tmp_path / "own", base=Model(base="org/base")
    )
    return tmp_path / "own"


def joined(base: Path, adapter: Path | str, **more: Any) -> Model:
    return Model(base=str(base), adapter=str(adapter), **more)


@pytest.mark.parametrize("kind", [{}, {"dora": True}, {"init": "pissa", "rslora": True}], ids=str)
def test_it_says_what_base_and_adapter_say(tiny_base: Path, tmp_path: Path, kind: dict[str, Any]) -> None:
    plain = Model(base=str(tiny_base))
    save_adapter(learn(attached(plain, **kind)), tmp_path / "own", base=plain)
    both = load_base(joined(tiny_base, tmp_path / "own"), Machine())
    assert apart(both, load_adapter(base_of(plain), tmp_path / "own", trainable=False)) < 1e-5
    assert apart(both, base_of(plain)) > 1e-2
    assert not any(p.requires_grad or "lora" in n for n, p in both.named_parameters())


def test_it_is_merged_once_and_says_so(tiny_base: Path, own: Path, cache: Path) -> None:
    heard, model = Heard(), joined(tiny_base, own)
    first, second = resolve_base(model, heard), resolve_base(model, heard)
    assert first == second and first.sha256 == first.path.name == base_fingerprint(model)
    assert first.path == cache / "models" / first.sha256
    assert heard.said == [f"Merging {own} into {tiny_base} once, into {first.path}"]
    (first.path / "model.safetensors").write_bytes(b"damaged")
    assert resolve_base(model).sha256 == first.sha256
    load_base(model, Machine())


def test_its_hash_sees_base_and_adapter(tiny_base: Path, own: Path) -> None:
    before = base_fingerprint(joined(tiny_base, own))
    assert before != base_fingerprint(Model(base=str(tiny_base)))
    config = files.read_json(own / "adapter_config.json")
    files.write_json(own / "adapter_config.json", config | {"lora_alpha": 2 * config["lora_alpha"]})
    assert base_fingerprint(joined(tiny_base, own)) != before


def test_tokenizer_and_shape_stay_those_of_the_base_and_nothing_is_merged_for_them(
    tiny_base: Path, own: Path, cache: Path
) -> None:
    model = joined(tiny_base, own)
    tokenizer = load_tokenizer(model)
    assert tokenizer.get_vocab() == load_tokenizer(Model(base=str(tiny_base))).get_vocab()
    assert trainable_parameters(model, Adapter(rank=4)) == trainable_parameters(
        Model(base=str(tiny_base)), Adapter(rank=4)
    )
    assert not cache.exists()
    folder = resolve_base(model).path
    assert (folder / "tokenizer.json").read_bytes() == (tiny_base / "tokenizer.json").read_bytes()


def test_it_is_quantised_after_the_merge(tiny_base: Path, own: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra `quant` is not installed")
    whole = base_of(joined(tiny_base, own))
    coarse = base_of(joined(tiny_base, own, quantisation="nf4"))
    assert 0 < apart(coarse, whole) < 0.3 * apart(base_of(Model(base=str(tiny_base))), whole) + 0.2


def test_another_adapter_learns_on_it_and_names_both(tiny_base: Path, own: Path, tmp_path: Path) -> None:
    model = joined(tiny_base, own)
    found = learn(attached(model))
    save_adapter(found, tmp_path / "new", base=model)
    config = files.read_json(tmp_path / "new" / "adapter_config.json")
    assert config["base_model_name_or_path"] == f"{tiny_base} + {own}"
    assert apart(load_adapter(base_of(model), tmp_path / "new", trainable=False), found) == 0.0


def test_an_adapter_of_another_shape_is_named(tiny_base: Path, own: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(tiny_base, tmp_path / "other"))
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig.from_pretrained(other)
    config.intermediate_size = 48
    LlamaForCausalLM(config).save_pretrained(other)
    with pytest.raises(ModelError, match=f"{own}: the adapter does not fit"):
        resolve_base(joined(other, own))


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ("./nowhere", r"model\.adapter \./nowhere: no such folder\. Name a folder with .* or a hub id"),
        ("a/b/c", r"model\.adapter a/b/c: no such folder"),
        ("org/name", r"org/name: no adapter_config\.json in the local hub cache"),
        ("org/name@main", r"org/name: no adapter_config\.json in the local hub cache"),
    ],
)
def test_what_is_missing_is_named(tiny_base: Path, adapter: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        base_fingerprint(joined(tiny_base, adapter))


def test_a_pinned_adapter_of_the_hub_needs_no_hub_to_be_identified(tiny_base: Path) -> None:
    one, two = (base_fingerprint(joined(tiny_base, f"org/name@{c * 40}")) for c in "ab")
    assert one != two and len(one) == 64


def test_an_adapter_of_the_hub_is_fetched(tiny_base: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def get(model: Model, name: str) -> Path | None:
        asked.append((model.base, model.revision, name))
        return own / name if (own / name).is_file() else None

    monkeypatch.setattr(hub, "_get", get)
    both = load_base(joined(tiny_base, "org/name@" + "c" * 40), Machine())
    assert apart(both, base_of(joined(tiny_base, own))) == 0.0
    assert ("org/name", "c" * 40, "adapter_model.safetensors") in asked
    (own / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"org/name: the hub repository has no adapter_model\.safetensors"):
        resolve_base(joined(tiny_base, "org/name@" + "d" * 40))


def test_pickled_adapters_are_refused(tiny_base: Path, own: Path) -> None:
    (own / "adapter_model.safetensors").rename(own / "adapter_model.bin")
    with pytest.raises(SourceError, match=r"no such file\. Its pickled weights run code"):
        resolve_base(joined(tiny_base, own))


def test_an_adapter_as_base_is_told_where_it_belongs(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=r"holds an adapter; write it as model\.adapter"):
        resolve_base(Model(base=str(own)))
    monkeypatch.setattr(hub, "_get", lambda model, name: own / name if (own / name).is_file() else None)
    with pytest.raises(
        SourceError, match=r"org/own: is an adapter\. Write model\.base: org/base, and model\.adapter"
    ):
        base_fingerprint(Model(base="org/own"))
