"""Each kind of trainable parameter learns at its own rate: the six kinds that PEFT's helper mixes up."""

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import MachineError
from rantau.machine import Machine
from rantau.model.load import load_base
from rantau.model.optimiser import adamw, check_optimiser, optimiser_of, parameter_groups
from rantau.recipe import Model

A, B, EMBEDDING, DECAY = 1e-4, 16e-4, 2e-5, 0.1


def groups_of(tiny_base: Path, **lora: Any) -> dict[str, tuple[float, float, set[str]]]:
    """Group name -> rate, decay, and the last words of its parameters' names."""
    from peft import LoraConfig, get_peft_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT warns of tied embeddings, which is what is asked for here
        model = get_peft_model(load_base(Model(base=str(tiny_base)), Machine()), LoraConfig(r=4, **lora))
    names = {id(p): name for name, p in model.named_parameters()}
    groups = parameter_groups(
        model, learning_rate=A, loraplus_ratio=16, embedding_learning_rate=EMBEDDING, weight_decay=DECAY
    )
    grouped = [id(p) for group in groups for p in group["params"]]
    wanted = [id(p) for p in model.parameters() if p.requires_grad]
    assert len(grouped) == len(set(grouped)) and set(grouped) == set(wanted)
    return {g["name"]: (g["lr"], g["weight_decay"], {_short(names[id(p)]) for p in g["params"]}) for g in groups}


def _short(name: str) -> str:
    return name.removeprefix("base_model.model.").replace("model.layers.0.", "").replace("model.layers.1.", "")


def test_plain_lora_has_an_a_and_a_b(tiny_base: Path) -> None:
    assert groups_of(tiny_base, target_modules=["q_proj"]) == {
        "lora_A": (A, DECAY, {"self_attn.q_proj.lora_A.default.weight"}),
        "lora_B": (B, DECAY, {"self_attn.q_proj.lora_B.default.weight"}),
    }


@pytest.mark.parametrize("module", ["embed_tokens", "lm_head"])
def test_whole_embeddings_and_heads_learn_at_the_embedding_rate(tiny_base: Path, module: str) -> None:
    found = groups_of(tiny_base, target_modules=["q_proj"], modules_to_save=[module])
    rate, decay, names = found["embedding"]
    assert (rate, decay) == (EMBEDDING, DECAY) and set(found) == {"lora_A", "lora_B", "embedding"}
    assert {name.split(".modules_to_save")[0].split(".")[-1] for name in names} == {module}


def test_single_trained_rows_learn_at_the_embedding_rate(tiny_base: Path) -> None:
    found = groups_of(tiny_base, target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [1, 2]})
    rate, decay, names = found["embedding"]
    assert (rate, decay) == (EMBEDDING, DECAY) and all("trainable_tokens_delta" in name for name in names)


def test_magnitudes_of_dora_learn_at_the_rate_of_a_without_decay(tiny_base: Path) -> None:
    found = groups_of(tiny_base, target_modules=["q_proj"], use_dora=True)
    name = "self_attn.q_proj.lora_magnitude_vector.default.weight"
    assert found["magnitude (no decay)"] == (A, 0.0, {name})
    assert found["lora_B"][2] == {"self_attn.q_proj.lora_B.default.weight"}


def test_both_parts_of_lora_on_an_embedding_learn_at_the_embedding_rate(tiny_base: Path) -> None:
    found = groups_of(tiny_base, target_modules=["q_proj", "embed_tokens"])
    assert found["embedding"][0] == EMBEDDING
    assert {n.split(".")[-2] for n in found["embedding"][2]} == {"lora_embedding_A", "lora_embedding_B"}


def test_lora_on_the_head_is_an_a_and_a_b(tiny_base: Path) -> None:
    found = groups_of(tiny_base, target_modules=["lm_head"])
    assert {name: group[2] for name, group in found.items()} == {
        "lora_A": {"lm_head.lora_A.default.weight"},
        "lora_B": {"lm_head.lora_B.default.weight"},
    }


def test_other_whole_modules_learn_at_the_rate_of_a_and_vectors_do_not_decay(tiny_base: Path) -> None:
    found = groups_of(tiny_base, target_modules=["q_proj"], modules_to_save=["norm"])
    rate, decay, names = found["other (no decay)"]
    assert (rate, decay) == (A, 0.0) and "model.norm.modules_to_save.default.weight" in names


def test_all_kinds_at_once_are_still_told_apart(tiny_base: Path) -> None:
    found = groups_of(
        tiny_base, target_modules="all-linear", use_dora=True, modules_to_save=["lm_head", "norm"],
        trainable_token_indices={"embed_tokens": [1]}, task_type="CAUSAL_LM",
    )  # fmt: skip
    assert list(found) == ["lora_A", "lora_B", "embedding", "magnitude (no decay)", "other (no decay)"]


def test_the_optimiser_takes_the_groups_as_they_are(tiny_base: Path) -> None:
    import torch

    groups = [{"name": "lora_A", "params": [torch.nn.Parameter(torch.ones(2, 2))], "lr": A, "weight_decay": DECAY}]
    found = adamw(groups).param_groups[0]
    assert (found["lr"], found["weight_decay"], found["betas"]) == (A, DECAY, (0.9, 0.95))


def test_new_rows_have_a_decay_of_their_own(tiny_base: Path) -> None:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=4, target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [1, 2]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = get_peft_model(load_base(Model(base=str(tiny_base)), Machine()), config)
    groups = parameter_groups(
        model, learning_rate=A, loraplus_ratio=16, embedding_learning_rate=EMBEDDING, weight_decay=DECAY,
        embedding_weight_decay=0.02,
    )  # fmt: skip
    assert {g["name"]: g["weight_decay"] for g in groups} == {"lora_A": DECAY, "lora_B": DECAY, "embedding": 0.02}


def groups_of_tensors(*shapes: tuple[int, ...]) -> list[dict[str, Any]]:
    import torch

    draw = torch.Generator().manual_seed(1)
    tensors = [torch.nn.Parameter(torch.randn(shape, generator=draw)) for shape in shapes]
    return [
        {"name": f"group {n}", "params": [tensor], "lr": 1e-2 * (n + 1), "weight_decay": 0.1 * n}
        for n, tensor in enumerate(tensors)
    ]


def trained(kind: Any, groups: list[dict[str, Any]], *, steps: int = 5) -> Any:
    """The optimiser after some steps with gradients that are the same for each kind."""
    optimiser = optimiser_of(kind, groups, device="cpu")
    go_on(optimiser, groups, steps=range(steps))
    return optimiser


def go_on(optimiser: Any, groups: list[dict[str, Any]], *, steps: range) -> None:
    import torch

    for step in steps:
        for number, group in enumerate(groups):
            draw = torch.Generator().manual_seed(100 * step + number)
            for tensor in group["params"]:
                tensor.grad = torch.randn(tensor.shape, generator=draw)
        optimiser.step()


def test_eight_bits_follow_adamw_with_our_groups() -> None:
    """Moments of large tensors lie in 8 bits; what comes out is AdamW up to their rounding, and exact for small
    tensors, whose moments stay at 32 bits."""
    pytest.importorskip("bitsandbytes", reason="the extra quant is not installed")
    import torch

    shapes = ((128, 64), (16, 16))
    exact, short = groups_of_tensors(*shapes), groups_of_tensors(*shapes)
    before = [group["params"][0].detach().clone() for group in exact]
    trained("adamw", exact)
    optimiser = trained("adamw_8bit", short)
    found = {g["name"]: (g["lr"], g["weight_decay"], tuple(g["betas"])) for g in optimiser.param_groups}
    assert found == {"group 0": (1e-2, 0.0, (0.9, 0.95)), "group 1": (2e-2, 0.1, (0.9, 0.95))}
    large, small = (group["params"][0] for group in short)
    assert optimiser.state[large]["state1"].dtype == torch.uint8
    assert optimiser.state[small]["state1"].dtype == torch.float32
    moved, off = (exact[0]["params"][0] - before[0]).abs().mean(), (exact[0]["params"][0] - large).abs().mean()
    assert 0 < off < 0.1 * moved
    assert torch.allclose(exact[1]["params"][0], small, atol=1e-6)


def test_eight_bits_go_on_from_a_file_bit_by_bit(tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra quant is not installed")
    import torch

    whole, halves = groups_of_tensors((128, 64)), groups_of_tensors((128, 64))
    trained("adamw_8bit", whole, steps=5)
    torch.save(trained("adamw_8bit", halves, steps=3).state_dict(), tmp_path / "optimizer.pt")
    second = optimiser_of("adamw_8bit", halves, device="cpu")
    second.load_state_dict(torch.load(tmp_path / "optimizer.pt", weights_only=True))
    go_on(second, halves, steps=range(3, 5))
    assert torch.equal(whole[0]["params"][0], halves[0]["params"][0])


@pytest.mark.parametrize("kind", ["paged_adamw", "paged_adamw_8bit"])
def test_paging_needs_a_gpu_and_says_what_to_write(kind: Any) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra quant is not installed")
    with pytest.raises(
        MachineError, match=rf"{kind} moves its moments .* needs --device cuda, got cpu\. Write opt"
    ):
        optimiser_of(kind, groups_of_tensors((4, 4)), device="cpu")


def test_without_bitsandbytes_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    check_optimiser("adamw", "cpu")
    with pytest.raises(
        MachineError, match=r"optimiser: adamw_8bit needs bitsandbytes.*pip install 'rantau\[quant\]'"
    ):
        check_optimiser("adamw_8bit", "cpu")
