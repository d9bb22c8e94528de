"""Steps of the trainer against plain PyTorch in double precision, with LoRA+ rates, decay and clipping."""

from pathlib import Path
from typing import Any

import pytest

from rantau.machine import Machine
from rantau.model.adapters import attach_adapter
from rantau.model.load import load_base
from rantau.model.repeatable import repeatable
from rantau.recipe import Recipe
from rantau.stages.training.batches import planned_batches
from rantau.stages.training.rows import Rows, read_rows
from tests.stages.training.harness import recipe, train_cpt, write_rows

RATE, RATIO, DECAY, CLIP = 1e-3, 16.0, 0.1, 0.05
STEPS = 3


@pytest.fixture(scope="module")
def asked(tiny_base: Path) -> Recipe:
    return recipe(
        tiny_base, epochs=STEPS / 5, learning_rate=RATE, schedule="linear", warmup_share=0.0,
        weight_decay=DECAY, max_grad_norm=CLIP,
        adapter={"dropout": 0.0, "loraplus_ratio": RATIO, "rslora": True},
    )  # fmt: skip


@pytest.mark.parametrize("micro_batch", [None, 3])
def test_steps_equal_plain_pytorch(asked: Recipe, tmp_path: Path, micro_batch: int | None) -> None:
    rows = read_rows(write_rows(tmp_path / "format") / "cpt.parquet")
    batches = planned_batches(rows.lengths, batch_size=8, epochs=asked.phases[0].epochs, seed=asked.seed)
    found = _by_trainer(asked, rows, batches, tmp_path / "out", micro_batch)
    with repeatable(Machine()):
        expected = _by_hand(asked, rows, batches)
    assert len(batches) == STEPS and set(found) == set(expected)
    moved = {name: float(weight.abs().max()) for name, weight in expected.items() if "lora_B" in name}
    assert max(moved.values()) > 10 * RATE
    for name, weight in found.items():
        assert (weight - expected[name]).abs().max() < 1e-10, name


@pytest.mark.parametrize("micro_batch", [1, 3])
def test_the_stage_in_parts_equals_the_whole(asked: Recipe, tmp_path: Path, micro_batch: int) -> None:
    rows = write_rows(tmp_path / "format")
    whole = train_cpt(asked, rows, tmp_path / "whole")
    split = train_cpt(asked, rows, tmp_path / "split", micro_batch=micro_batch)
    assert split.first_loss == pytest.approx(whole.first_loss, abs=1e-6)
    assert split.last_loss == pytest.approx(whole.last_loss, abs=1e-6)


def _double(asked: Recipe) -> Any:
    return attach_adapter(load_base(asked.model, Machine()), asked.adapter, seed=asked.seed).double()


def _trained(model: Any) -> dict[str, Any]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _by_trainer(
    asked: Recipe, rows: Rows, batches: list[list[int]], folder: Path, micro_batch: int | None
) -> dict[str, Any]:
    from rantau.stages.training.job import Job, arguments
    from rantau.stages.training.trainer import PhaseTrainer

    phase, model = asked.phases[0], _double(asked)
    chosen = arguments(folder, phase, steps=len(batches), seed=asked.seed, device="cpu", dtype="float32")
    job = Job(asked.model, asked.adapter, phase, rows, batches, print)
    with repeatable(Machine()):
        PhaseTrainer(model, chosen, job, micro_batch=micro_batch).train()
    return {name: p.detach() for name, p in _trained(model).items()}


def _by_hand(asked: Recipe, rows: Rows, batches: list[list[int]]) -> dict[str, Any]:
    """Weights after steps of AdamW that are written out."""
    import torch

    model = _double(asked)
    trained = _trained(model)
    first, second = ({name: torch.zeros_like(p) for name, p in trained.items()} for _ in range(2))
    for step, batch in enumerate(batches, start=1):
        gradients = _gradients(model, [rows[row] for row in batch])
        for name, p in trained.items():
            rate = RATE * (RATIO if "lora_B" in name else 1.0) * (1 - (step - 1) / len(batches))
            first[name] = 0.9 * first[name] + 0.1 * gradients[name]
            second[name] = 0.95 * second[name] + 0.05 * gradients[name] ** 2
            mean, size = first[name] / (1 - 0.9**step), (second[name] / (1 - 0.95**step)).sqrt()
            p.data = p.data * (1 - rate * DECAY) - rate * mean / (size + 1e-8)
    return {name: p.detach() for name, p in trained.items()}


def _gradients(model: Any, rows: list[Any]) -> dict[str, Any]:
    """Of the mean over the learnt tokens, row by row, clipped."""
    import torch

    total, n = torch.zeros((), dtype=torch.float64), 0
    for ids, learnt in rows:
        tokens, flags = torch.tensor([ids.tolist()]), torch.tensor(learnt.tolist())[1:]
        nats = -model(tokens).logits[0, :-1].log_softmax(-1).gather(1, tokens[0, 1:, None])[:, 0]
        total, n = total + nats[flags].sum(), n + int(flags.sum())
    model.zero_grad()
    (total / n).backward()
    found = {name: p.grad for name, p in _trained(model).items()}
    norm = torch.sqrt(sum((g**2).sum() for g in found.values()))
    assert norm > CLIP
    return {name: g * CLIP / (norm + 1e-6) for name, g in found.items()}
