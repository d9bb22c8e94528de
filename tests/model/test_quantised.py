"""Bases in 4 and 8 bits on a processor: they learn, they merge, and what LoftQ begins with is what they lost."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bitsandbytes", reason="the extra `quant` is not installed")

from rantau.errors import ModelError
from rantau.model.adapter_files import read_marks
from rantau.model.adapters import (
    count_parameters,
    load_adapter,
    merge_adapter,
    restore_adapter,
    save_adapter,
    save_trained,
    stack_adapter,
)
from rantau.model.parts import layers_of
from rantau.model.quantised import dequantise, dequantised_weight, quantisation_of
from rantau.recipe import Adapter, Model
from tests.model.adapted import apart, attached, base_of, learn, logits

NF4, INT8 = {"quantisation": "nf4"}, {"quantisation": "int8"}
COARSE = {"quantisation": "nf4", "double_quantisation": False}


@pytest.fixture
def model(tiny_base: Path) -> Model:
    return Model(base=str(tiny_base))


def as_asked(model: Model, asked: dict[str, Any], **more: Any) -> Model:
    return Model.model_validate(model.model_dump() | asked | more)


def two_steps(found: Any) -> list[float]:
    import torch

    optimiser = torch.optim.AdamW([p for p in found.parameters() if p.requires_grad], lr=1e-2)
    ids, losses = torch.tensor([[5, 6, 7, 8, 9, 10, 11, 12]]), []
    found.train()
    for _ in range(3):
        loss = found(input_ids=ids, labels=ids).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("asked", [NF4, COARSE], ids=["nf4", "nf4 single"])
def test_what_was_said_before_changes_neither_weights_nor_gradients(
    model: Model, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a processor for which bitsandbytes would pack the weights anew."""
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: True)
    silent, spoken = (learn(attached(as_asked(model, asked))) for _ in range(2))
    logits(spoken)
    assert two_steps(spoken) == two_steps(silent)
    assert apart(spoken, silent) == 0
    pair = (layers_of(each, "default") for each in (spoken, silent))
    for (_, one), (_, other) in zip(*pair, strict=True):
        assert (dequantised_weight(one.get_base_layer()) == dequantised_weight(other.get_base_layer())).all()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("asked", [NF4, COARSE, INT8], ids=["nf4", "nf4 single", "int8"])
@pytest.mark.parametrize("kind", [{}, {"dora": True}, {"dropout": 0.1, "targets": "mlp"}], ids=str)
def test_it_learns_and_the_base_stays(
    model: Model, asked: dict[str, Any], dtype: str, kind: dict[str, Any]
) -> None:
    import torch

    if kind.get("dora") and asked is INT8:
        with pytest.raises(ModelError, match="cannot compute DoRA on int8 weights on a processor"):
            attached(as_asked(model, asked, dtype=dtype), **kind)
        return
    found = attached(as_asked(model, asked, dtype=dtype), **kind)
    frozen = {name: p.detach().clone() for name, p in found.named_parameters() if not p.requires_grad}
    kinds = {p.dtype for p in found.parameters() if p.requires_grad}
    assert kinds == {torch.float32}
    losses = two_steps(found)
    assert losses[2] < losses[0]
    assert all(torch.equal(p, frozen[n]) for n, p in found.named_parameters() if n in frozen)


def test_the_kinds_are_told_apart(model: Model) -> None:
    assert quantisation_of(base_of(model)) == "none"
    assert quantisation_of(base_of(as_asked(model, NF4))) == "nf4"
    assert quantisation_of(base_of(as_asked(model, INT8))) == "int8"


def test_double_quantisation_changes_the_scales_and_nothing_else(model: Model) -> None:
    one, other = base_of(as_asked(model, NF4)), base_of(as_asked(model, COARSE))
    name = "model.layers.0.mlp.up_proj"
    states = [m.get_submodule(name).weight.quant_state for m in (one, other)]
    assert [state.nested for state in states] == [True, False]
    assert 0 < apart(one, other) < 0.1


@pytest.mark.parametrize("asked", [NF4, COARSE, INT8], ids=["nf4", "nf4 single", "int8"])
def test_dequantised_it_says_the_same(model: Model, asked: dict[str, Any]) -> None:
    import torch

    packed, plain = base_of(as_asked(model, asked)), base_of(as_asked(model, asked))
    dequantise(plain)
    assert not any(type(p).__name__ in ("Params4bit", "Int8Params") for p in plain.parameters())
    assert quantisation_of(plain) == asked["quantisation"]
    # int8 also rounds what goes in: 127 steps of the largest activation
    assert apart(packed, plain) < (1e-5 if asked is not INT8 else 0.05)
    assert {p.dtype for p in plain.parameters()} == {torch.float32}


@pytest.mark.parametrize("asked", [NF4, COARSE], ids=["nf4", "nf4 single"])
def test_loftq_begins_with_what_was_lost(model: Model, asked: dict[str, Any]) -> None:
    import torch

    exact, quantised = base_of(model), as_asked(model, asked)
    found = attached(quantised, init="loftq", rank=16, alpha=5)
    assert apart(found, exact) < 0.6 * apart(base_of(quantised), exact)
    for name, layer in layers_of(found, "default"):
        lost = exact.get_submodule(name).weight - dequantised_weight(layer.get_base_layer())
        left, values, right = torch.linalg.svd(lost)
        wanted = left[:, :16] @ torch.diag(values[:16]) @ right[:16]
        assert torch.allclose(layer.get_delta_weight("default"), wanted, atol=1e-5), name


def test_at_full_rank_loftq_gives_the_base_back(model: Model) -> None:
    narrow = {"targets": ["k_proj", "v_proj"], "rank": 16}  # 16 x 32: rank 16 holds all of it
    exact, quantised = base_of(model), as_asked(model, NF4)
    found = attached(quantised, init="loftq", **narrow)
    for name, layer in layers_of(found, "default"):
        whole = dequantised_weight(layer.get_base_layer()) + layer.get_delta_weight("default")
        assert (whole - exact.get_submodule(name).weight).abs().max() < 1e-6


def test_loftq_is_saved_for_the_quantised_base(model: Model, tmp_path: Path) -> None:
    quantised = as_asked(model, NF4)
    found = learn(attached(quantised, init="loftq"))
    save_adapter(found, tmp_path / "one", base=quantised)
    assert read_marks(tmp_path / "one") == {"made_for": "nf4"}
    again = load_adapter(base_of(quantised), tmp_path / "one", trainable=True)
    assert apart(again, found) == 0.0
    save_adapter(again, tmp_path / "two", base=quantised)  # the mark stays when it is learnt on
    assert read_marks(tmp_path / "two") == {"made_for": "nf4"}
    with pytest.raises(ModelError, match=r"holds what its base lost in nf4 .* Write model\.quantisation: nf4"):
        load_adapter(base_of(model), tmp_path / "one", trainable=False)


def test_loftq_merges_with_the_rounded_base(model: Model, tmp_path: Path) -> None:
    quantised = as_asked(model, NF4)
    found = learn(attached(quantised, init="loftq"))
    save_adapter(found, tmp_path, base=quantised)
    rounded = base_of(quantised)
    dequantise(rounded)
    merged = merge_adapter(load_adapter(rounded, tmp_path, trainable=False))
    assert (logits(merged) - logits(found)).abs().max() < 1e-5


def test_a_stack_on_loftq_keeps_its_mark(model: Model, tmp_path: Path) -> None:
    quantised = as_asked(model, NF4)
    save_adapter(learn(attached(quantised, init="loftq")), tmp_path / "one", base=quantised)
    both = learn(stack_adapter(base_of(quantised), tmp_path / "one", Adapter(rank=2), seed=3), seed=4)
    save_adapter(both, tmp_path / "both", base=quantised)
    assert read_marks(tmp_path / "both") == {"frozen_rank": "4", "made_for": "nf4"}
    assert apart(load_adapter(base_of(quantised), tmp_path / "both", trainable=False), both) < 2e-5
    with pytest.raises(ModelError, match="already holds what the base lost"):
        stack_adapter(base_of(quantised), tmp_path / "one", Adapter(rank=2, init="loftq"), seed=3)


@pytest.mark.parametrize(
    ("asked", "kind"), [(NF4, {}), (NF4, {"dora": True}), (NF4, {"init": "loftq"}), (INT8, {})], ids=str
)
def test_a_checkpoint_goes_on_bit_by_bit(
    model: Model, tmp_path: Path, asked: dict[str, Any], kind: dict[str, Any]
) -> None:
    import torch

    quantised = as_asked(model, asked)
    found = learn(attached(quantised, **kind))
    save_trained(found, tmp_path)
    again = attached(quantised, seed=7, **kind)
    restore_adapter(again, tmp_path)
    assert torch.equal(logits(again), logits(found))
    assert count_parameters(again) == count_parameters(found)


def test_two_equal_loftq_adapters_have_equal_bytes(model: Model, tmp_path: Path) -> None:
    quantised = as_asked(model, NF4)
    for name in ("a", "b"):
        save_adapter(learn(attached(quantised, init="loftq")), tmp_path / name, base=quantised)
    one, two = ((tmp_path / n / "adapter_model.safetensors").read_bytes() for n in ("a", "b"))
    assert one == two


def test_merging_into_packed_weights_is_refused(model: Model) -> None:
    with pytest.raises(ModelError, match="quantised; merging would round the adapter away"):
        merge_adapter(learn(attached(as_asked(model, NF4))))
