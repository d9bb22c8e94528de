"""Several adapters on one base, and the one adapter that says the same."""

from pathlib import Path
from typing import Any

import pytest

from rantau import files
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
from rantau.recipe import Adapter, Model
from tests.model.adapted import apart, attached, base_of, learn, logits, trainable_modules


@pytest.fixture
def model(tiny_base: Path) -> Model:
    return Model(base=str(tiny_base))


def saved(model: Model, folder: Path, **adapter: Any) -> Any:
    found = learn(attached(model, **adapter))
    save_adapter(found, folder, base=model)
    return found


def stacked(model: Model, previous: Path, *, seed: int = 2, **adapter: Any) -> Any:
    return stack_adapter(base_of(model), previous, Adapter(**{"rank": 4, **adapter}), seed=seed)


PAIRS = [
    ({"rank": 4}, {"rank": 4}),
    ({"rank": 4, "alpha": 16}, {"rank": 8, "alpha": 3}),
    ({"rank": 8, "alpha": 16, "rslora": True}, {"rank": 3}),
    ({"rank": 3}, {"rank": 5, "alpha": 7, "rslora": True}),
    ({"targets": "mlp"}, {"targets": "attention", "rank": 6}),
    ({"targets": "all-linear"}, {"targets": ["q_proj"], "layers": [-1]}),
    ({"targets": ["q_proj", "v_proj"], "layers": [0]}, {"targets": "all-linear", "layers": [0, 1]}),
    ({"rank": 4}, {"rank": 4, "init": "pissa"}),
    ({"rank": 4, "init": "pissa"}, {"rank": 2}),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_one_adapter_says_what_both_say(model: Model, tmp_path: Path, before: Any, after: Any) -> None:
    under = saved(model, tmp_path / "one", **before)
    both = stacked(model, tmp_path / "one", **after)
    assert apart(both, under) < 2e-5  # the new one says nothing yet
    learn(both, seed=5)
    assert apart(both, under) > 1e-3
    save_adapter(both, tmp_path / "both", base=model)
    alone = load_adapter(base_of(model), tmp_path / "both", trainable=False)
    assert apart(alone, both) < 2e-5
    config = files.read_json(tmp_path / "both" / "adapter_config.json")
    ranks = {n: t.shape[0] for n, t in alone.state_dict().items() if "lora_A" in n}
    assert set(ranks.values()) == {config["r"]} and config["use_rslora"] is False


@pytest.mark.parametrize(("before", "after"), [PAIRS[2], PAIRS[4]])
def test_their_sum_is_exact_in_double_precision(model: Model, tmp_path: Path, before: Any, after: Any) -> None:
    import torch

    saved(model, tmp_path / "one", **before)
    both = learn(stacked(model, tmp_path / "one", **after), seed=5)
    save_adapter(both, tmp_path / "both", base=model)
    alone = load_adapter(base_of(model), tmp_path / "both", trainable=False).double()
    whole = both.double()
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        # B of the older adapter was rescaled in float32; everything else is the same numbers
        assert (alone.eval()(ids).logits - whole.eval()(ids).logits).abs().max() < 1e-6


def test_only_the_new_one_learns(model: Model, tmp_path: Path) -> None:
    import torch

    saved(model, tmp_path / "one", rank=8)
    both = stacked(model, tmp_path / "one", rank=2, targets="mlp")
    assert all(
        name.rsplit(".", 1)[-1] in ("gate_proj", "up_proj", "down_proj") for name in trainable_modules(both)
    )
    before = {name: p.detach().clone() for name, p in both.named_parameters()}
    both.train()
    optimiser = torch.optim.AdamW([p for p in both.parameters() if p.requires_grad], lr=0.1, weight_decay=0.1)
    ids = torch.tensor([[5, 6, 7, 8]])
    for _ in range(2):
        both(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    moved = {name for name, p in both.named_parameters() if not torch.equal(p, before[name])}
    assert moved and all(".default." in name for name in moved)


def test_learning_on_leaves_the_frozen_part_as_it_was(model: Model, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    saved(model, tmp_path / "one", rank=8, targets="attention")
    save_adapter(learn(stacked(model, tmp_path / "one", rank=2, targets="mlp")), tmp_path / "two", base=model)
    assert read_marks(tmp_path / "two") == {"frozen_rank": "8"}
    on = load_adapter(base_of(model), tmp_path / "two", trainable=True)
    assert {name.split(".")[3] for name in trainable_modules(on)} == {"mlp"}
    assert apart(on, load_adapter(base_of(model), tmp_path / "two", trainable=False)) < 2e-5
    save_adapter(learn(on, seed=9), tmp_path / "three", base=model)
    assert read_marks(tmp_path / "three") == {"frozen_rank": "8"}
    assert apart(load_adapter(base_of(model), tmp_path / "three", trainable=False), on) < 2e-5
    two, three = (load_file(tmp_path / n / "adapter_model.safetensors") for n in ("two", "three"))
    assert two.keys() == three.keys()
    for name in two:
        frozen = (
            (two[name][-8:], three[name][-8:]) if "lora_A" in name else (two[name][:, -8:], three[name][:, -8:])
        )
        assert torch.equal(*frozen), name
    assert any(not torch.equal(two[name], three[name]) for name in two)


def test_a_third_adapter_lies_on_the_first_two(model: Model, tmp_path: Path) -> None:
    saved(model, tmp_path / "1", rank=2)
    save_adapter(learn(stacked(model, tmp_path / "1", rank=3), seed=2), tmp_path / "2", base=model)
    three = learn(stacked(model, tmp_path / "2", rank=4, alpha=5), seed=3)
    save_adapter(three, tmp_path / "3", base=model)
    assert files.read_json(tmp_path / "3" / "adapter_config.json")["r"] == 9
    assert apart(load_adapter(base_of(model), tmp_path / "3", trainable=False), three) < 2e-5


def test_both_merge_into_the_base(model: Model, tmp_path: Path) -> None:
    saved(model, tmp_path / "one", rank=8)
    both = learn(stacked(model, tmp_path / "one", rank=2), seed=4)
    before = logits(both)
    assert (logits(merge_adapter(both)) - before).abs().max() < 2e-5


def test_a_checkpoint_of_a_stacked_adapter_goes_on_bit_by_bit(model: Model, tmp_path: Path) -> None:
    import torch

    saved(model, tmp_path / "one", rank=8)
    both = learn(stacked(model, tmp_path / "one", rank=2), seed=4)
    save_trained(both, tmp_path / "checkpoint")
    again = stacked(model, tmp_path / "one", rank=2)
    restore_adapter(again, tmp_path / "checkpoint")
    assert torch.equal(logits(again), logits(both)) and count_parameters(again) == count_parameters(both)


def test_equal_stacks_give_equal_bytes(model: Model, tmp_path: Path) -> None:
    saved(model, tmp_path / "one", rank=8)
    for name in ("a", "b"):
        save_adapter(learn(stacked(model, tmp_path / "one", rank=2), seed=4), tmp_path / name, base=model)
    assert files.sha256_folder(tmp_path / "a") == files.sha256_folder(tmp_path / "b")


def test_plain_peft_reads_the_sum(model: Model, tmp_path: Path) -> None:
    import warnings

    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    saved(model, tmp_path / "one", rank=8, targets="mlp")
    both = learn(stacked(model, tmp_path / "one", rank=2, targets="attention"), seed=4)
    save_adapter(both, tmp_path / "both", base=model)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")  # PEFT 0.21, transformers 5.23
        plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model.base), str(tmp_path / "both"))
    assert apart(plain, both) < 2e-5


def test_dora_is_not_stacked(model: Model, tmp_path: Path) -> None:
    saved(model, tmp_path / "dora", dora=True)
    with pytest.raises(ModelError, match="dora: true cannot lie under another one"):
        stacked(model, tmp_path / "dora")
    saved(model, tmp_path / "plain")
    with pytest.raises(ModelError, match="a DoRA adapter cannot lie on another one"):
        stacked(model, tmp_path / "plain", dora=True)
