"""What a phase may ask for: recomputed activations, another optimiser, an adapter on an adapter."""

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import MachineError
from rantau.machine import Machine
from rantau.model.adapters import load_adapter
from rantau.model.load import load_base
from rantau.recipe import Recipe
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import recipe, train_cpt, train_sft, write_rows

TOKENS = [[5, 6, 7, 8, 9, 10, 11]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("format")
    write_rows(folder, phase="sft", seed=4)
    return write_rows(folder)


def logits(asked: Recipe, folder: Path) -> Any:
    import torch

    model = load_adapter(load_base(asked.model, Machine()), folder / "adapter", trainable=False)
    with torch.no_grad():
        return model.eval()(torch.tensor(TOKENS)).logits


def test_recomputed_activations_give_the_same_losses(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    from torch.utils import checkpoint

    calls, real = [], checkpoint.checkpoint
    curves = {}
    with pytest.MonkeyPatch.context() as patch:
        for recomputed in (False, True):
            asked = recipe(tiny_base, gradient_checkpointing=recomputed)
            patch.setattr(
                "transformers.modeling_utils.checkpoint", lambda *a, **k: calls.append(k) or real(*a, **k)
            )
            train_cpt(asked, rows, tmp_path / str(recomputed))
            curves[recomputed] = [r["loss"] for r in files.read_jsonl(tmp_path / str(recomputed) / "loss.jsonl")]
            assert bool(calls) == recomputed
    assert all(call["use_reentrant"] is False for call in calls)
    assert curves[True] == pytest.approx(curves[False], abs=1e-5)  # dropout is drawn again the same


def test_recomputing_keeps_less(tiny_base: Path) -> None:
    """Tensors that autograd keeps for the backward pass: with recomputation only what goes into each layer."""
    import torch

    from rantau.model.adapters import attach_adapter
    from rantau.stages.training.adapter import recompute_activations

    kept = {}
    for recomputed in (False, True):
        base = load_base(recipe(tiny_base).model, Machine())
        model = attach_adapter(base, recipe(tiny_base).adapter, seed=1).train()
        if recomputed:
            recompute_activations(base)
        seen: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, n=seen: n.append(t.numel()) or t, lambda t: t):
            loss = model(torch.tensor(TOKENS * 8)).logits.sum()
        loss.backward()
        kept[recomputed] = sum(seen)
        assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    assert kept[True] < 0.6 * kept[False]


def test_a_paged_optimiser_is_refused_before_anything_is_read(tiny_base: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra quant is not installed")
    with pytest.raises(MachineError, match="needs --device cuda, got cpu"):
        train_cpt(recipe(tiny_base, optimiser="paged_adamw"), tmp_path / "not there", tmp_path / "out")


def test_eight_bit_moments_learn_like_adamw(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra quant is not installed")
    curves = []
    for kind in ("adamw", "adamw_8bit"):
        asked = recipe(tiny_base, epochs=4.0, optimiser=kind, adapter={"rank": 128, "dropout": 0.0})
        train_cpt(asked, rows, tmp_path / kind)
        curves.append([r["loss"] for r in files.read_jsonl(tmp_path / kind / "loss.jsonl")])
    assert curves[0] != curves[1] and curves[1] == pytest.approx(curves[0], rel=0.02)
    assert sum(curves[1][-5:]) < sum(curves[1][:5])


def test_the_second_adapter_lies_on_the_first_one_merged(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    """One adapter comes out that says what both say: with a rate of nearly 0 that is the first one."""
    asked = recipe(tiny_base)
    train_cpt(asked, rows, tmp_path / "cpt")
    for rate in (1e-9, 2e-2):
        data = asked.model_dump(mode="json")
        data["phases"][1] |= {
            "previous_adapter": "merge", "learning_rate": rate, "adapter": {"rank": 2, "targets": ["o_proj"]},
        }  # fmt: skip
        second = Recipe.model_validate(data)
        out = tmp_path / f"sft-{rate:g}"
        summary = train_sft(second, rows, tmp_path / "cpt", out)
        config = files.read_json(out / "adapter" / "adapter_config.json")
        assert config["peft_type"] == "LORA" and config["base_model_name_or_path"] == str(tiny_base)
        assert summary.trainable == 2 * (
            2 * 32 + 32 * 2
        )  # o_proj of two layers at rank 2; the first adapter rests
        apart = float((logits(second, out) - logits(second, tmp_path / "cpt")).abs().max())
        assert apart < 1e-4 if rate < 1e-6 else apart > 1e-3, (rate, apart)


def test_a_phase_declares_the_adapter_that_it_learns(tiny_base: Path) -> None:
    own = recipe(tiny_base).model_copy()
    shared, ours = own.phases[0], own.phases[0].model_copy(update={"adapter": own.adapter})
    assert "adapter" in train_stage(shared, None).slices and "adapter" not in train_stage(ours, None).slices
    extended = train_stage(shared, None, vocabulary="vocabulary")
    assert extended.needs == ("format", "vocabulary") and "vocabulary.rate_share" in extended.slices
    assert train_stage(shared, "train-cpt").needs == ("format", "train-cpt")
