"""Models in memory: frozen, quiet, in the asked type."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rantau.errors import MachineError, ModelError
from rantau.machine import Machine
from rantau.model.load import load_base
from rantau.recipe import Model


def test_it_is_frozen_and_in_eval_mode(tiny_base: Path) -> None:
    model = load_base(Model(base=str(tiny_base)), Machine())
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_weights_have_the_recipes_type(tiny_base: Path, dtype: str) -> None:
    import torch

    model = load_base(Model(base=str(tiny_base), dtype=dtype), Machine())  # type: ignore[arg-type]
    assert {p.dtype for p in model.parameters()} == {getattr(torch, dtype)}


def test_it_bears_the_recipes_name(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_base.parent)
    model = load_base(Model(base=f"./{tiny_base.name}"), Machine())
    assert model.name_or_path == model.config._name_or_path == f"./{tiny_base.name}"


def test_nothing_is_printed(tiny_base: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_base(Model(base=str(tiny_base)), Machine())
    assert capfd.readouterr() == ("", "")


def test_a_missing_device_is_named(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MachineError, match=r"device cuda is not available .* --device cpu"):
        load_base(Model(base=str(tiny_base)), Machine(device="cuda"))


def test_damaged_weights_are_named(tiny_base: Path, tmp_path: Path) -> None:
    import shutil

    own = Path(shutil.copytree(tiny_base, tmp_path / "own"))
    (own / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ModelError, match=f"{own}: transformers cannot load it"):
        load_base(Model(base=str(own)), Machine())


@pytest.mark.parametrize("quantisation", ["nf4", "int8"])
def test_quantisation_names_the_package_that_it_needs(
    tiny_base: Path, quantisation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: None if n == "bitsandbytes" else real(n, *a))
    with pytest.raises(ModelError, match=f"{quantisation} needs bitsandbytes. Run: pip install bitsandbytes"):
        load_base(Model(base=str(tiny_base), quantisation=quantisation), Machine())  # type: ignore[arg-type]


def test_a_missing_weight_is_an_error_and_not_random(tiny_base: Path, tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    own = Path(shutil.copytree(tiny_base, tmp_path / "own"))
    weights = load_file(own / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, own / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 weights are missing .* first model\.layers\.1\.mlp\.up_proj\.weight"):
        load_base(Model(base=str(own)), Machine())


def test_a_weight_of_another_shape_is_an_error(tiny_base: Path, tmp_path: Path) -> None:
    import shutil

    from rantau import files

    own = Path(shutil.copytree(tiny_base, tmp_path / "own"))
    files.write_json(own / "config.json", files.read_json(own / "config.json") | {"intermediate_size": 48})
    with pytest.raises(ModelError, match=r"another shape|cannot load it"):
        load_base(Model(base=str(own)), Machine())
