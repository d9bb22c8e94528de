"""Held-back rows: drawn once, never learnt, measured in bits per byte of their own text."""

import math
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import TrainingError
from rantau.machine import Machine
from rantau.model.adapters import attach_adapter
from rantau.model.load import load_base
from rantau.stages.training.beginning import begin_phase
from rantau.stages.training.held_back import HeldBack, draw_held_back, learnt_bytes
from rantau.stages.training.rows import read_rows
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import context, recipe, write_rows
from tests.tiny import build_tiny_tokenizer


@pytest.mark.parametrize(("n_rows", "share", "n"), [(40, 0.05, 2), (40, 0.2, 8), (3, 0.01, 1), (2, 0.49, 1)])
def test_as_many_rows_as_asked_and_at_least_one(n_rows: int, share: float, n: int) -> None:
    found = draw_held_back(n_rows, share=share, seed=1, phase="read")
    assert len(set(found)) == n and sorted(found) == list(found) and set(found) <= set(range(n_rows))


def test_seed_and_phase_draw_their_own_rows() -> None:
    def drawn(seed: int, phase: str) -> tuple[int, ...]:
        return draw_held_back(1000, share=0.05, seed=seed, phase=phase)

    assert drawn(1, "a") == drawn(1, "a")
    assert len({drawn(1, "a"), drawn(2, "a"), drawn(1, "b")}) == 3


def test_one_row_cannot_be_learnt_and_held_back() -> None:
    with pytest.raises(
        TrainingError, match=r"Phase read: early_stopping holds rows back, but there is only 1 row"
    ):
        draw_held_back(1, share=0.1, seed=1, phase="read")


def test_bytes_are_those_of_the_text_and_of_no_special_token() -> None:
    tokenizer = build_tiny_tokenizer()
    text = "서울은 대한민국의 수도이다. Halo dunia!"
    ids = tokenizer(text).input_ids
    assert len(ids) > len(text) // 2
    assert learnt_bytes(tokenizer, ids, [True] * len(ids)) == len(text.encode())
    marked = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
    assert learnt_bytes(tokenizer, marked, [True] * len(marked)) == len(text.encode())
    assert learnt_bytes(tokenizer, marked, [False] * len(marked)) == 0


def test_bytes_of_the_learnt_tokens_only() -> None:
    tokenizer = build_tiny_tokenizer()
    question, answer, more = (tokenizer(text).input_ids for text in ("Apa kabar?", "Baik é", " sekali"))
    ids = [*question, *answer, tokenizer.eos_token_id, *question, *more]
    learnt = [0] * len(question) + [1] * (len(answer) + 1) + [0] * len(question) + [1] * len(more)
    assert learnt_bytes(tokenizer, ids, map(bool, learnt)) == len("Baik é sekali".encode())


def test_held_back_rows_are_in_no_batch(tiny_base: Path, tmp_path: Path) -> None:
    asked = recipe(tiny_base, epochs=3.0, early_stopping={"share": 0.2})
    rows = read_rows(write_rows(tmp_path / "format") / "cpt.parquet")
    stage = train_stage(asked.phases[0], None)
    ctx = context(asked, stage, {"format": tmp_path / "format"}, tmp_path / "out")
    job = begin_phase(ctx, asked.phases[0], None, None, rows).trainer.job
    learnt = [row for batch in job.batches for row in batch]
    assert len(job.held_back) == 8 and job.n_rows == 32
    assert set(learnt) == set(range(40)) - set(job.held_back)
    assert {learnt.count(row) for row in set(learnt)} == {3} and len(job.batches) == 12


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_bits_per_byte_are_those_of_plain_pytorch(
    tiny_base: Path, tmp_path: Path, micro_batch: int | None
) -> None:
    import torch

    from rantau.stages.training.job import Job, arguments
    from rantau.stages.training.trainer import PhaseTrainer

    asked = recipe(tiny_base)
    rows = read_rows(write_rows(tmp_path / "format") / "cpt.parquet")
    model: Any = attach_adapter(load_base(asked.model, Machine()), asked.adapter, seed=1).double()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_B" in name:
                p.fill_(0.01)
    held = HeldBack((1, 4, 7, 20, 33, 39), n_bytes=123)
    job = Job(asked.model, asked.adapter, asked.phases[0], rows, [[0]], print, held.rows)
    chosen = arguments(tmp_path, asked.phases[0], steps=1, seed=1, device="cpu", dtype="float32")
    trainer = PhaseTrainer(model, chosen, job, micro_batch=micro_batch)
    model.train()  # dropout is on while a phase learns, and must be off while it measures
    state = torch.random.get_rng_state()
    found = trainer.bits_per_byte(held)
    assert model.training and torch.equal(state, torch.random.get_rng_state())

    model.eval()
    nats = 0.0
    for row in held.rows:
        ids, learnt = rows[row]
        logits = model(torch.tensor([ids.tolist()])).logits[0].log_softmax(-1)
        nats -= sum(float(logits[i - 1, ids[i]].detach()) for i in range(1, len(ids)) if learnt[i])
    assert found == pytest.approx(nats / math.log(2) / 123, rel=1e-9)
