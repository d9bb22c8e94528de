"""What two processes do in the tests, and one process for comparison: phases in float64, without dropout."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rantau.machine import Machine
from rantau.model.adapters import attach_adapter
from rantau.model.load import load_base
from rantau.model.repeatable import repeatable
from rantau.recipe import Recipe
from rantau.run.progress import Progress
from rantau.stages.training.adapter import recompute_activations
from rantau.stages.training.held_back import HeldBack
from rantau.stages.training.ranks import Ranks
from rantau.stages.training.rows import read_rows
from rantau.stages.training.sharding import share_out
from rantau.stages.training.stage import Task, TrainSummary, train_rank, train_stage
from tests.stages.training.harness import context, held, recipe
from tests.waiting import until

STEPS = [[0, 1, 2, 3, 4, 5, 6, 7], [8], [9, 10, 11], [12, 13, 14, 15], [16, 17]]  # of one row: rank 1 has none
HELD = HeldBack((30, 31, 32, 33, 34), n_bytes=100)
DISTURBED_STEPS = 60


@dataclass(slots=True)
class Learnt:
    """Of every step loss and gradient norm; the adapter of the end and of the last checkpoint; bits per byte of
    rows held back; parameters of the base that lie in this process."""

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    preferred: list[float | None] = field(default_factory=list)
    weights: dict[str, Any] = field(default_factory=dict)
    checkpoint: dict[str, Any] = field(default_factory=dict)
    held_back: float = 0.0
    base_here: int = 0


def learnt(ranks: Ranks, base: Path, rows: Path, folder: Path, *, dora: bool = False, **phase: Any) -> Learnt:
    """The phase "cpt" over STEPS."""
    from safetensors.torch import load_file

    from rantau.stages.training.job import Job, arguments
    from rantau.stages.training.preference import PreferenceTrainer
    from rantau.stages.training.trainer import PhaseTrainer

    asked = recipe(base, adapter={"dropout": 0.0, "dora": dora}, **{"checkpoint_steps": 2, **phase}).phases[0]
    whole, settings = (found := recipe(base, adapter={"dropout": 0.0, "dora": dora})).model, found.adapter
    model: Any = attach_adapter(load_base(whole, Machine()), settings, seed=ranks.rank).double()
    _move(model)
    if asked.gradient_checkpointing:
        recompute_activations(model.get_base_model())
    if ranks.lockstep:
        share_out(model, size=ranks.size, device="cpu")
    ranks.same_weights(model)  # the seed above made the ranks begin differently
    chosen = arguments(folder, asked, steps=len(STEPS), seed=7, device="cpu", dtype="float32")
    kind = PreferenceTrainer if asked.kind == "dpo" else PhaseTrainer
    job = Job(whole, settings, asked, read_rows(rows / "cpt.parquet"), STEPS, print, HELD.rows)
    trainer = kind(model, chosen, job, micro_batch=2, ranks=ranks)
    if isinstance(trainer, PreferenceTrainer):
        trainer.set_reference(folder / "reference.npy", Progress(quiet=True))
        _move(model)
    result = Learnt()
    trainer.add_callback(_watcher(trainer, result))
    with repeatable(Machine()):
        trainer.train()
        if asked.kind != "dpo":
            result.held_back = trainer.bits_per_byte(HELD)
    result.weights = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
    result.checkpoint = load_file(next(folder.glob("checkpoint-*/trained.safetensors")))
    result.base_here = sum(_here(p) for p in model.parameters() if not p.requires_grad)
    return result


def _here(parameter: Any) -> int:
    local = parameter.to_local() if hasattr(parameter, "to_local") else parameter
    return int(local.numel())


def _move(model: Any) -> None:
    """Somewhere else than at the beginning, where B is zero."""
    import torch

    for number, p in enumerate(p for p in model.parameters() if p.requires_grad):
        draw = torch.Generator().manual_seed(number)
        p.data += 0.1 * torch.randn(p.shape, generator=draw, dtype=p.dtype)


def _watcher(trainer: Any, result: Learnt) -> Any:
    from transformers import TrainerCallback

    class Watches(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            result.losses.append(trainer.last.loss)
            result.norms.append(trainer.last.grad_norm)
            result.preferred.append(trainer.last.preferred)

    return Watches()


@dataclass(frozen=True, slots=True)
class Case:
    lockstep: bool
    kind: str = "cpt"
    dora: bool = False
    gradient_checkpointing: bool = False

    def run(self, ranks: Ranks, base: Path, folder: Path) -> Learnt:
        out = folder / f"{random.Random(str(self)).getrandbits(32)}-{ranks.size}"
        return learnt(
            replace(ranks, lockstep=self.lockstep and ranks.size > 1), base, folder / self.kind, out,
            dora=self.dora, kind=self.kind, gradient_checkpointing=self.gradient_checkpointing,
            **({"beta": 0.3} if self.kind == "dpo" else {}),
        )  # fmt: skip


CASES = {
    "ddp": Case(lockstep=False),
    "ddp, dpo": Case(lockstep=False, kind="dpo"),
    "fsdp": Case(lockstep=True),
    "fsdp, dpo": Case(lockstep=True, kind="dpo"),
    "fsdp, DoRA, recomputed": Case(lockstep=True, dora=True, gradient_checkpointing=True),
}


def disturbed_recipe(base: Path) -> Recipe:
    """With all that may differ between processes: dropout, a moving average, measurements of held-back rows."""
    stopping = {"share": 0.2, "every_steps": 7, "patience": 1000}
    return recipe(base, epochs=DISTURBED_STEPS / 4, ema=0.8, early_stopping=stopping)


def train_rank_held(ranks: Ranks, machine: Machine, task: Task) -> TrainSummary | None:
    """A rank of a phase that cannot end before somebody stops it."""
    from rantau.stages.training import observer

    observer.peak_gib = held(lambda: until(lambda: ranks.is_asked, "the wish to stop"))
    return train_rank(ranks, machine, task)


def scenarios(ranks: Ranks, machine: Machine, given: tuple[Path, Path]) -> dict[str, Learnt]:
    """All cases, and one phase through the stage into given[1] / "undisturbed"."""
    base, folder = given
    asked = disturbed_recipe(base)
    stage = train_stage(asked.phases[0], None)
    out = folder / "undisturbed"
    ctx = context(asked, stage, {"format": folder / "cpt"}, out, processes=2)
    train_rank(ranks, machine, Task(ctx, "cpt", None, None))
    return {name: case.run(ranks, base, folder) for name, case in CASES.items()}
