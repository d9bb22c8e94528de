"""DoRA, PiSSA and checkpoints: what is learnt, what is saved, and what a fresh base says with it."""

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import ModelError
from rantau.model import beginnings
from rantau.model.adapters import (
    attach_adapter,
    count_parameters,
    load_adapter,
    merge_adapter,
    restore_adapter,
    save_adapter,
    save_trained,
)
from rantau.model.parts import layers_of
from rantau.recipe import Adapter, Model
from tests.model.adapted import apart, attached, base_of, learn, logits


@pytest.fixture
def model(tiny_base: Path) -> Model:
    return Model(base=str(tiny_base))


KINDS = [
    {"dora": True},
    {"dora": True, "rslora": True, "targets": "mlp"},
    {"init": "pissa"},
    {"init": "pissa", "alpha": 3, "targets": "attention", "layers": [-1]},
    {"init": "pissa", "rslora": True, "rank": 16},
]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_said_differently_yet(model: Model, kind: Any) -> None:
    assert apart(attached(model, **kind), base_of(model)) < 5e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_base_with_the_saved_adapter_says_the_same(model: Model, tmp_path: Path, kind: Any) -> None:
    found = learn(attached(model, **kind))
    assert apart(found, base_of(model)) > 1e-2
    save_adapter(found, tmp_path, base=model)
    assert apart(load_adapter(base_of(model), tmp_path, trainable=False), found) < 1e-5
    config = files.read_json(tmp_path / "adapter_config.json")
    assert config["init_lora_weights"] is True  # nothing that would change another base when it is loaded


@pytest.mark.parametrize("kind", KINDS)
def test_merged_is_the_same_model(model: Model, kind: Any) -> None:
    found = learn(attached(model, **kind))
    before = logits(found)
    assert (logits(merge_adapter(found)) - before).abs().max() < 1e-5


@pytest.mark.parametrize("kind", [*KINDS, {}])
def test_a_checkpoint_is_restored_bit_by_bit(model: Model, tmp_path: Path, kind: Any) -> None:
    import torch

    found = learn(attached(model, **kind))
    save_trained(found, tmp_path)
    again = attached(model, seed=99, **kind)  # even from another beginning
    assert not torch.equal(logits(again), logits(found))
    restore_adapter(again, tmp_path)
    assert torch.equal(logits(again), logits(found))
    states = [{n: p for n, p in m.named_parameters() if p.requires_grad} for m in (found, again)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_checkpoint_of_another_adapter_is_refused(model: Model, tmp_path: Path) -> None:
    save_trained(attached(model, rank=4), tmp_path)
    with pytest.raises(ModelError, match=r"does not fit: 28 weights differ"):
        restore_adapter(attached(model, rank=8), tmp_path)
    (tmp_path / "trained.safetensors").write_bytes(b"short")
    with pytest.raises(ModelError, match="damaged"):
        restore_adapter(attached(model, rank=4), tmp_path)
    with pytest.raises(ModelError, match=r"trained\.safetensors: no such file"):
        restore_adapter(attached(model, rank=4), tmp_path / "nowhere")


def test_dora_begins_with_the_length_of_each_row(model: Model) -> None:
    import torch

    found, base = attached(model, dora=True), base_of(model)
    lengths = {n: p for n, p in found.named_parameters() if "lora_magnitude_vector" in n}
    assert len(lengths) == 14 and all(p.requires_grad for p in lengths.values())
    name = "model.layers.1.mlp.down_proj"
    weight = base.get_submodule(name).weight
    learnt = next(p for n, p in lengths.items() if name in n)
    assert torch.allclose(learnt, weight.norm(dim=1))


def test_dora_scales_a_direction_to_its_length(model: Model) -> None:
    """m (W + s B A) / |W + s B A|, row by row."""
    import torch

    found = learn(attached(model, dora=True, rank=2, alpha=6))
    name = "base_model.model.model.layers.0.self_attn.o_proj"
    layer = dict(found.named_modules())[name]
    whole = layer.get_base_layer().weight + 3 * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    length = layer.lora_magnitude_vector["default"].weight
    wanted = length[:, None] * whole / whole.norm(dim=1, keepdim=True)
    merged = merge_adapter(found).get_submodule(name.removeprefix("base_model.model.")).weight
    assert torch.allclose(merged, wanted, atol=1e-6)


def test_pissa_begins_with_the_largest_singular_directions(model: Model) -> None:
    import torch

    found, rank = attached(model, init="pissa", rank=4, alpha=2), 4
    layer = dict(found.named_modules())["base_model.model.model.layers.0.mlp.up_proj"]
    weight = layer.get_base_layer().weight
    assert torch.equal(weight, base_of(model).get_submodule("model.layers.0.mlp.up_proj").weight)
    left, values, right = torch.linalg.svd(weight)
    principal = left[:, :rank] @ torch.diag(values[:rank]) @ right[:rank]
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    assert torch.allclose(0.5 * b @ a, principal, atol=1e-5)
    assert torch.allclose(b.norm(dim=0), a.norm(dim=1), atol=1e-5)  # the values are shared evenly
    away = layer.lora_B["principal"].weight @ layer.lora_A["principal"].weight
    assert torch.equal(away, -(b @ a))


def test_pissa_is_saved_at_twice_its_rank(model: Model, tmp_path: Path) -> None:
    found = learn(attached(model, init="pissa", rank=4))
    assert count_parameters(found)[0] == count_parameters(attached(model, rank=4))[0]
    save_adapter(found, tmp_path, base=model)
    assert files.read_json(tmp_path / "adapter_config.json")["r"] == 8
    on = load_adapter(base_of(model), tmp_path, trainable=True)
    assert count_parameters(on)[0] == count_parameters(found)[0]  # the next phase learns the same four
    assert apart(on, found) < 1e-5


def test_pissa_on_a_base_in_bfloat16_is_exact_all_the_same(model: Model, tmp_path: Path) -> None:
    half = model.model_copy(update={"dtype": "bfloat16"})
    found = learn(attached(half, init="pissa"))
    save_adapter(found, tmp_path, base=half)
    again = load_adapter(base_of(half), tmp_path, trainable=False)
    whole, parts = ({m: delta(layer) for m, layer in layers_of(one, "default")} for one in (again, found))
    assert whole.keys() == parts.keys() and len(whole) == 14
    assert max(float((whole[m] - parts[m]).abs().max()) for m in parts) < 1e-6


def delta(layer: Any) -> Any:
    """What all adapters of a layer add to its weight."""
    return sum(layer.get_delta_weight(name).detach() for name in layer.scaling)


def test_pissa_refuses_more_directions_than_there_are(model: Model) -> None:
    with pytest.raises(ModelError, match=r"adapter\.rank 20: .*k_proj is 16 x 32 and has no 20 singular values"):
        attached(model, init="pissa", rank=20)


@pytest.mark.parametrize("init", ["pissa", "loftq"])
def test_embeddings_have_no_such_beginning(init: Any) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    base = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
        )
    )
    with pytest.raises(ModelError, match=rf"init: {init} is for linear modules; leave embed_tokens out"):
        attach_adapter(base, Adapter(rank=2, init=init, targets=["embed_tokens", "q_proj"]), seed=0)


def test_loftq_needs_four_bits(model: Model) -> None:
    with pytest.raises(ModelError, match=r"loftq needs model\.quantisation: nf4; .*q_proj is not in 4 bits"):
        attached(model, init="loftq")


def test_large_matrices_are_iterated_to_the_same_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    generator = torch.Generator().manual_seed(3)
    left = torch.linalg.qr(torch.randn(120, 90, generator=generator)).Q
    right = torch.linalg.qr(torch.randn(90, 90, generator=generator)).Q
    weight = left @ torch.diag(0.95 ** torch.arange(90)) @ right.T
    u, s, v = beginnings._singular(weight, 5, 0)
    monkeypatch.setattr(beginnings, "EXACT_UP_TO", 50)
    u2, s2, v2 = beginnings._singular(weight, 5, 0)
    assert torch.allclose(s, s2, rtol=1e-3)
    assert torch.allclose(u * s @ v, u2 * s2 @ v2, atol=5e-3)


def test_the_beginning_is_counted_without_weights(model: Model) -> None:
    from rantau.model.shapes import trainable_parameters

    for kind in ({"init": "pissa"}, {"init": "loftq"}):
        counted = trainable_parameters(model, Adapter(rank=4, **kind))  # type: ignore[arg-type]
        assert counted["trainable"] == count_parameters(attach_adapter(base_of(model), Adapter(rank=4), seed=0))[0]
    dora = trainable_parameters(model, Adapter(rank=4, dora=True))
    assert dora["trainable"] == counted["trainable"] + 2 * (32 + 16 + 16 + 32 + 64 + 64 + 32)
