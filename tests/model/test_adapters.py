"""Adapters: scale, seed, precision, files, and merging."""

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import ModelError
from rantau.machine import Machine
from rantau.model.adapters import (
    attach_adapter,
    count_parameters,
    effective_scale,
    load_adapter,
    lora_alpha,
    merge_adapter,
    save_adapter,
)
from rantau.model.load import load_base
from rantau.recipe import Adapter, Model


@pytest.fixture
def model(tiny_base: Path) -> Model:
    return Model(base=str(tiny_base))


def attached(model: Model, *, seed: int = 1, **adapter: Any) -> Any:
    return attach_adapter(load_base(model, Machine()), Adapter(**{"rank": 4, **adapter}), seed=seed)


def trained(model: Model, **adapter: Any) -> Any:
    """An adapter that says something: B is no longer zero."""
    import torch

    found = attached(model, **adapter)
    with torch.no_grad():
        for name, parameter in found.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.linspace(-0.3, 0.3, parameter.numel()).view_as(parameter))
    return found.eval()


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.tensor([[5, 6, 7, 8, 9]])).logits


@pytest.mark.parametrize("rslora", [False, True])
@pytest.mark.parametrize("rank", [1, 8, 16, 48, 256])
def test_auto_keeps_the_effective_scale_at_2(rank: int, rslora: bool) -> None:
    assert effective_scale(Adapter(rank=rank, rslora=rslora)) == pytest.approx(2.0)


def test_a_given_alpha_is_kept_and_its_scale_told() -> None:
    assert effective_scale(Adapter(rank=16, alpha=32)) == 2.0
    assert effective_scale(Adapter(rank=16, alpha=32, rslora=True)) == 8.0
    assert lora_alpha(Adapter(rank=16, rslora=True)) == 8.0


def test_peft_scales_as_we_say(model: Model) -> None:
    found = attached(model, rank=8, rslora=True)
    scales = {m.scaling["default"] for m in found.modules() if hasattr(m, "lora_A") and "default" in m.scaling}
    assert scales == {effective_scale(Adapter(rank=8, rslora=True))}


def test_a_fresh_adapter_changes_nothing_and_is_all_that_learns(model: Model) -> None:
    import torch

    before = logits(load_base(model, Machine()))
    found = attached(model)
    assert torch.equal(logits(found.eval()), before)
    names = {n for n, p in found.named_parameters() if p.requires_grad}
    assert names and all("lora_" in n for n in names)
    # 2 layers, hidden 32, kv 16, mlp 64, rank 4: q 256, k 192, v 192, o 256, gate 384, up 384, down 384
    assert count_parameters(found)[0] == 2 * 2048


def test_the_seed_decides_and_global_generators_stay(model: Model) -> None:
    import torch

    before = torch.get_rng_state()
    one, again, other = (attached(model, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_trainable_weights_are_float32_on_a_half_precision_base(model: Model) -> None:
    import torch

    found = attached(model.model_copy(update={"dtype": "bfloat16"}))
    kinds = {(p.requires_grad, p.dtype) for p in found.parameters()}
    assert kinds == {(True, torch.float32), (False, torch.bfloat16)}


def test_whole_modules_that_are_trained_are_lifted_too(model: Model) -> None:
    import torch
    from peft import LoraConfig, get_peft_model

    from rantau.model.adapters import lift_trainables

    base = load_base(model.model_copy(update={"dtype": "float16"}), Machine())
    with pytest.warns(FutureWarning, match="is_gradient_checkpointing"):
        found = get_peft_model(base, LoraConfig(target_modules=["q_proj"], modules_to_save=["norm"]))
    lift_trainables(found)
    assert {p.dtype for p in found.parameters() if p.requires_grad} == {torch.float32}


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["q_proj", "qproj"], r"no module 'qproj' for an adapter\. Did you mean q_proj"),
        (["query_key_value"], r"no module 'query_key_value'"),
        (["zzz"], r"Known here: down_proj, embed_tokens, gate_proj, k_proj, lm_head, o_proj"),
        (["layers"], r"no module 'layers'"),
    ],
)
def test_a_wrong_target_names_the_nearest(model: Model, targets: list[str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        attached(model, targets=targets)


def test_listed_targets_are_the_only_ones(model: Model) -> None:
    names = {n for n, p in attached(model, targets=["q_proj", "v_proj"]).named_parameters() if p.requires_grad}
    assert {n.split(".lora_")[0].rsplit(".", 1)[-1] for n in names} == {"q_proj", "v_proj"}


def test_saved_and_loaded_is_the_same_adapter(model: Model, tmp_path: Path) -> None:
    import torch

    found = trained(model)
    pinned = model.model_copy(update={"base": "org/base", "revision": "abc"})
    for name in ("one", "two"):
        save_adapter(found, tmp_path / name, base=pinned)
    assert files.sha256_folder(tmp_path / "one") == files.sha256_folder(tmp_path / "two")
    config = files.read_json(tmp_path / "one" / "adapter_config.json")
    assert (config["base_model_name_or_path"], config["revision"]) == ("org/base", "abc")
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]

    loaded = load_adapter(load_base(model, Machine()), tmp_path / "one", trainable=True)
    assert torch.equal(logits(loaded.eval()), logits(found))
    assert count_parameters(loaded)[0] == count_parameters(found)[0]
    frozen = load_adapter(load_base(model, Machine()), tmp_path / "one", trainable=False)
    assert count_parameters(frozen)[0] == 0 and not frozen.training


def test_an_adapter_of_another_model_is_refused(model: Model, tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    save_adapter(attached(model), tmp_path, base=model)
    shape = {"vocab_size": 400, "intermediate_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}
    wide = LlamaForCausalLM(LlamaConfig(**shape, hidden_size=48, num_hidden_layers=2))
    shallow = LlamaForCausalLM(LlamaConfig(**shape, hidden_size=32, num_hidden_layers=1))
    for other in (wide, shallow):
        with pytest.raises(ModelError, match="does not fit"):
            load_adapter(other, tmp_path, trainable=False)


def test_missing_and_damaged_files_are_named(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"adapter_config\.json: no such file"):
        load_adapter(load_base(model, Machine()), tmp_path, trainable=False)
    save_adapter(attached(model), tmp_path, base=model)
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors: damaged .* Copy the adapter again"):
        load_adapter(load_base(model, Machine()), tmp_path, trainable=False)


def test_merging_keeps_what_the_model_says(model: Model) -> None:
    found = trained(model)
    adapted, base = logits(found), logits(load_base(model, Machine()))
    merged = merge_adapter(found)
    assert (logits(merged) - adapted).abs().max() < 1e-5 < (adapted - base).abs().max()
    assert not any("lora_" in name for name, _ in merged.named_parameters())


def test_merging_into_a_quantised_base_is_refused(model: Model) -> None:
    found = trained(model)
    found.get_base_model().quantization_method = "bitsandbytes"
    with pytest.raises(ModelError, match="quantised; merging would round the adapter away"):
        merge_adapter(found)


def test_merging_weights_that_are_not_finite_is_refused(model: Model) -> None:
    import torch

    found = trained(model)
    with torch.no_grad():
        next(p for n, p in found.named_parameters() if "lora_B" in n).fill_(float("nan"))
    with pytest.raises(ModelError, match="cannot be merged"):
        merge_adapter(found)
