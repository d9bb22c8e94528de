"""DPO: the loss against plain PyTorch and against TRL, the reference, and a killed phase."""

import math
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rantau import files
from rantau.errors import DataError
from rantau.machine import Machine
from rantau.model.adapters import attach_adapter
from rantau.model.load import load_base
from rantau.model.repeatable import repeatable
from rantau.recipe import Recipe
from rantau.run.progress import Progress
from rantau.stages.training.rows import read_rows
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import context, lasting, recipe, write_rows

BETA, RATE = 0.3, 2e-2


def asked_of(base: Path, **phase: Any) -> Recipe:
    given = {"kind": "dpo", "beta": BETA, "learning_rate": RATE, "warmup_share": 0.0, "schedule": "constant"}
    return recipe(base, adapter={"dropout": 0.0}, **{**given, **phase})


@pytest.fixture(scope="module")
def asked(tiny_base: Path) -> Recipe:
    return asked_of(tiny_base, epochs=1)


def write_pairs(folder: Path, *, n: int = 24, seed: int = 3) -> Path:
    """Pairs as the format stage writes them: a prompt of 2 to 6 tokens, then answers of 1 to 12 tokens."""
    draw, rows = random.Random(seed), []
    for number in range(n):
        prompt = [draw.randrange(4, 300) for _ in range(draw.randint(2, 6))]
        answers = [[draw.randrange(4, 300) for _ in range(draw.randint(1, 12))] for _ in range(2)]
        rows.append(
            {
                "id": f"a:{number}", "source": "a", "ids": [i for a in answers for i in (*prompt, *a)],
                "learnt": [flag for a in answers for flag in (*[False] * len(prompt), *[True] * len(a))],
                "parts": [len(prompt) + len(a) for a in answers],
            }
        )  # fmt: skip
    ids, learnt = pa.list_(pa.int32()), pa.list_(pa.bool_())
    schema = pa.schema(
        [("id", pa.string()), ("source", pa.string()), ("ids", ids), ("learnt", learnt), ("parts", ids)]
    )
    files.write_parquet(folder / "cpt.parquet", rows, schema)
    return folder


def stage_of(asked: Recipe, rows: Path, out: Path, **machine: Any) -> tuple[Any, dict[str, str]]:
    stage = train_stage(asked.phases[0], None)
    summary = stage.run(context(asked, stage, {"format": rows}, out, **machine))
    return summary, lasting(out, stage)


def answer_nats(model: Any, ids: list[int], n_prompt: int) -> Any:
    """One sequence alone, all logits, log-softmax written out."""
    import torch

    logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, :-1]
    chosen = torch.log_softmax(logits.double(), dim=-1)[range(len(ids) - 1), ids[1:]]
    return -chosen[n_prompt - 1 :].sum()


@pytest.mark.parametrize("micro_batch", [None, 1, 3])
def test_the_gradient_of_a_step_is_that_of_the_formula(
    asked: Recipe, tmp_path: Path, micro_batch: int | None
) -> None:
    import torch

    from rantau.stages.training.job import Job, arguments
    from rantau.stages.training.preference import PreferenceTrainer, _pairs_of

    rows = read_rows(write_pairs(tmp_path / "format") / "cpt.parquet")
    phase, batch = asked.phases[0], list(range(8))
    chosen = arguments(tmp_path / "out", phase, steps=1, seed=7, device="cpu", dtype="float32")
    model = _moved(attach_adapter(load_base(asked.model, Machine()), asked.adapter, seed=7).double(), 1)
    trainer = PreferenceTrainer(
        model, chosen, Job(asked.model, asked.adapter, phase, rows, [batch], print), micro_batch=micro_batch
    )
    trainer.set_reference(tmp_path / "reference.npy", Progress(quiet=True))
    _moved(model, 2)
    with repeatable(Machine()):
        loss = trainer.training_step(model, dict(_pairs_of(batch, rows=rows)))
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
    model.zero_grad()
    total = torch.zeros((), dtype=torch.float64)
    for row in batch:
        ids, flags = rows[row]
        first = rows.parts_of(row)[0]
        n_prompt = int(flags.argmax())
        now = [
            answer_nats(model, [int(i) for i in ids[part]], n_prompt)
            for part in (slice(first), slice(first, None))
        ]
        before = trainer.reference[row]
        margin = (float(before[0]) - now[0]) - (float(before[1]) - now[1])
        total = total + torch.log1p(torch.exp(-BETA * margin)) / len(batch)
    total.backward()
    assert float(loss) == pytest.approx(total.item(), abs=1e-6)
    assert total.item() != pytest.approx(math.log(2), abs=1e-4)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert (found[name] - parameter.grad).abs().max() < 1e-9, name


def _moved(model: Any, seed: int) -> Any:
    """Somewhere else than at the beginning, where B is zero and the loss log 2."""
    import torch

    draw = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=draw, dtype=parameter.dtype)
    return model


def test_the_loss_is_that_of_trl(asked: Recipe, tmp_path: Path) -> None:
    """The same pairs, tokens and model through TRL's trainer, over three steps; the first is log 2 everywhere."""
    pytest.importorskip("trl", reason="TRL is not installed: pip install 'rantau[dev]'")
    from tests.stages.training.trl_side import losses_of_trl

    rows = write_pairs(tmp_path / "format", n=24)
    stage_of(asked, rows, tmp_path / "out")
    ours = [row["loss"] for row in files.read_jsonl(tmp_path / "out" / "loss.jsonl")]
    theirs = losses_of_trl(asked, read_rows(rows / "cpt.parquet"), tmp_path / "trl", beta=BETA, rate=RATE)
    assert ours[0] == pytest.approx(math.log(2), abs=1e-6)
    assert ours == pytest.approx(theirs, rel=2e-4)
    assert max(abs(loss - ours[0]) for loss in ours) > 5e-3


def test_a_phase_learns_the_preference(asked: Recipe, tiny_base: Path, tmp_path: Path) -> None:
    rows = write_pairs(tmp_path / "format")
    summary, _ = stage_of(asked_of(tiny_base, epochs=12), rows, tmp_path / "out")
    losses = files.read_jsonl(tmp_path / "out" / "loss.jsonl")
    assert summary.last_loss < 0.8 * summary.first_loss
    assert losses[0]["preferred"] == 0.0  # nothing has gained yet
    assert losses[-1]["preferred"] >= 0.75
    assert not (tmp_path / "out" / "reference.npy").exists()


def test_smaller_parts_change_nothing(asked: Recipe, tmp_path: Path) -> None:
    rows = write_pairs(tmp_path / "format")
    whole, _ = stage_of(asked, rows, tmp_path / "whole")
    split, _ = stage_of(asked, rows, tmp_path / "split", micro_batch=1)
    assert split.last_loss == pytest.approx(whole.last_loss, abs=1e-6)


def test_a_reference_that_does_not_fit_is_made_in_halves(
    asked: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from rantau.stages.training import preference

    rows, real = write_pairs(tmp_path / "format"), preference.nats_of_sequences
    whole, _ = stage_of(asked, rows, tmp_path / "whole")

    def scarce(model: Any, batch: Any, head: Any) -> Any:
        if len(batch["input_ids"]) > 4 and not torch.is_grad_enabled():
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(model, batch, head)

    monkeypatch.setattr(preference, "nats_of_sequences", scarce)
    halved, _ = stage_of(asked, rows, tmp_path / "halved")
    assert halved.last_loss == pytest.approx(whole.last_loss, abs=1e-6)
    assert files.read_json(tmp_path / "halved" / "speed.json")["micro_batch"] == 2


def test_padding_of_pairs(asked: Recipe, tmp_path: Path) -> None:
    """Two pairs a pass: their four texts are as long as the longest, 8, then 3."""
    from rantau.stages.training.job import Job, arguments
    from rantau.stages.training.preference import PreferenceTrainer

    rows, phase = read_rows(write_pairs(tmp_path / "format") / "cpt.parquet"), asked.phases[0]
    model = attach_adapter(load_base(asked.model, Machine()), asked.adapter, seed=7)
    job = Job(asked.model, asked.adapter, phase, rows, [[0]], print)
    chosen = arguments(tmp_path / "out", phase, steps=1, seed=7, device="cpu", dtype="float32")
    trainer = PreferenceTrainer(model, chosen, job, micro_batch=2)
    assert trainer.pad_share([[[5, 8], [2, 3]], [[3, 3]]]) == pytest.approx(1 - 24 / (4 * 8 + 2 * 3))


def test_a_killed_phase_ends_with_the_same_bytes(tiny_base: Path, tmp_path: Path) -> None:
    """Killed after a checkpoint: the reference must be that of the beginning, not of the adapter so far."""
    rows = write_pairs(tmp_path / "format")
    asked = asked_of(tiny_base, epochs=4, checkpoint_steps=2)
    _, whole = stage_of(asked, rows, tmp_path / "whole")
    code = f"""
import os
from pathlib import Path
from rantau.stages.training import observer
from tests.stages.training import test_preference as t
def die(device, steps=[]):
    steps.append(1)
    if len(steps) == 6: os.kill(os.getpid(), 9)
    return 0.0
observer.peak_gib = die
asked = t.asked_of(Path({str(tiny_base)!r}), epochs=4, checkpoint_steps=2)
t.stage_of(asked, Path({str(rows)!r}), Path({str(tmp_path / "cut")!r}))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert len(files.read_appended_jsonl(tmp_path / "cut" / "loss.jsonl")) == 5
    _, resumed = stage_of(asked, rows, tmp_path / "cut")
    assert resumed == whole


def test_rows_without_a_pair_are_refused(asked: Recipe, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"row 1 is no pair of answers; kind: dpo needs sources of shape preference"
    ):
        stage_of(asked, write_rows(tmp_path / "format"), tmp_path / "out")
