"""Which modules an adapter lands on: by kind, by layer, in several architectures."""

from pathlib import Path
from typing import Any

import pytest

from rantau.errors import ModelError
from rantau.model.adapters import attach_adapter, load_adapter, save_adapter
from rantau.recipe import Adapter, Model
from tests.model.adapted import apart, attached, base_of, learn, trainable_modules

ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}
MLP = {"gate_proj", "up_proj", "down_proj"}


@pytest.fixture
def model(tiny_base: Path) -> Model:
    return Model(base=str(tiny_base))


def leaves(found: Any) -> set[str]:
    return {name.rsplit(".", 1)[-1] for name in trainable_modules(found)}


def layers(found: Any) -> set[int]:
    return {int(name.split(".layers.")[1].split(".")[0]) for name in trainable_modules(found)}


@pytest.mark.parametrize(
    ("targets", "wanted"), [("attention", ATTENTION), ("mlp", MLP), ("all-linear", ATTENTION | MLP)]
)
def test_a_kind_of_module(model: Model, targets: str, wanted: set[str]) -> None:
    found = attached(model, targets=targets)
    assert leaves(found) == wanted and layers(found) == {0, 1}


@pytest.mark.parametrize(("asked", "wanted"), [([0], {0}), ([-1], {1}), ([1, -2], {0, 1}), ([-1, 1], {1})])
@pytest.mark.parametrize("targets", ["all-linear", "mlp", ["q_proj", "down_proj"]])
def test_layers_count_from_either_end(model: Model, targets: Any, asked: list[int], wanted: set[int]) -> None:
    found = attached(model, targets=targets, layers=asked)
    assert layers(found) == wanted
    whole = leaves(attached(model, targets=targets))
    assert leaves(found) == whole


@pytest.mark.parametrize("asked", [[2], [0, -3], [99]])
def test_a_layer_that_is_not_there_names_how_many_there_are(model: Model, asked: list[int]) -> None:
    with pytest.raises(ModelError, match=r"no layer -?\d+; this model has 2 layers, 0 to 1, or -2 to -1"):
        attached(model, layers=asked)


def test_chosen_layers_come_back_from_their_files(model: Model, tmp_path: Path) -> None:
    found = learn(attached(model, targets="mlp", layers=[-1]))
    save_adapter(found, tmp_path, base=model)
    again = load_adapter(base_of(model), tmp_path, trainable=True)
    assert trainable_modules(again) == trainable_modules(found) and len(trainable_modules(again)) == 3
    assert apart(again, found) == 0.0


def other(kind: str) -> Any:
    """Tiny random models whose parts bear other names."""
    import transformers as t

    small = {"vocab_size": 64, "num_hidden_layers": 2, "bos_token_id": 1, "eos_token_id": 2}
    wide = {"hidden_size": 16, "num_attention_heads": 2}
    config, model, shape = {
        "gpt2": (t.GPT2Config, t.GPT2LMHeadModel, {"n_embd": 16, "n_head": 2, "n_positions": 32}),
        "neox": (t.GPTNeoXConfig, t.GPTNeoXForCausalLM, {**wide, "intermediate_size": 32}),
        "opt": (t.OPTConfig, t.OPTForCausalLM, {**wide, "ffn_dim": 32, "word_embed_proj_dim": 16}),
        "mamba": (t.MambaConfig, t.MambaForCausalLM, {"hidden_size": 16, "state_size": 4}),
    }[kind]
    return model(config(**small, **shape))


@pytest.mark.parametrize(
    ("kind", "targets", "wanted"),
    [
        ("gpt2", "attention", {"attn.c_attn", "attn.c_proj"}),
        ("gpt2", "mlp", {"mlp.c_fc", "mlp.c_proj"}),
        ("neox", "attention", {"attention.query_key_value", "attention.dense"}),
        ("neox", "mlp", {"mlp.dense_h_to_4h", "mlp.dense_4h_to_h"}),
        ("opt", "mlp", {"0.fc1", "0.fc2", "1.fc1", "1.fc2"}),
    ],
)
def test_other_architectures_have_their_own_names(kind: str, targets: Any, wanted: set[str]) -> None:
    found = attach_adapter(other(kind), Adapter(rank=2, targets=targets), seed=0)
    assert {".".join(name.split(".")[-2:]) for name in trainable_modules(found)} == wanted
    assert len(trainable_modules(found)) == 4


def test_a_model_without_attention_says_what_it_has() -> None:
    with pytest.raises(ModelError, match=r"attention: mamba has no module of that kind\. Name .*in_proj"):
        attach_adapter(other("mamba"), Adapter(rank=2, targets="attention"), seed=0)


def test_gpt2_layers_are_found_under_their_own_name() -> None:
    found = attach_adapter(other("gpt2"), Adapter(rank=2, targets="mlp", layers=[-1]), seed=0)
    assert trainable_modules(found) == {"transformer.h.1.mlp.c_fc", "transformer.h.1.mlp.c_proj"}
