"""A phase before its first step: the base with its adapter, the rows of every step, what is held back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rantau.errors import TrainingError
from rantau.model.optimiser import EMBEDDING_SHARE
from rantau.recipe import Adapter, Phase
from rantau.run.stage import Context
from rantau.stages.training.batches import planned_batches
from rantau.stages.training.early_stopping import EarlyStop
from rantau.stages.training.ema import MovingAverage
from rantau.stages.training.held_back import HeldBack, draw_held_back, learnt_bytes
from rantau.stages.training.ranks import Ranks
from rantau.stages.training.rows import Rows

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, TrainingArguments

    from rantau.stages.training.job import Job
    from rantau.stages.training.trainer import PhaseTrainer

NEW_ROWS = ("vocabulary.rate_share", "vocabulary.weight_decay")
"""Recipe parts that say how the rows of new words learn."""


@dataclass(slots=True)
class Running:
    """A phase that is about to run; at its end the best adapter is kept, else the average, else the last."""

    trainer: PhaseTrainer
    model: PeftModel
    average: MovingAverage | None
    stop: EarlyStop | None
    held_back: HeldBack | None


def begin_phase(
    ctx: Context, phase: Phase, previous: str | None, vocabulary: str | None, rows: Rows,
    ranks: Ranks | None = None,
) -> Running:  # fmt: skip
    """previous, vocabulary: names of stages among ctx.inputs; ranks: who trains, None = this process alone

    Raises   TrainingError if early stopping has nothing to measure
    """
    from rantau.stages.training.adapter import begin
    from rantau.stages.training.job import arguments
    from rantau.stages.training.sharding import share_out

    ranks = ranks or Ranks()
    seed, folder = ctx.recipe.draw_seed, ctx.out / "checkpoints"
    settings: Adapter = phase.adapter or ctx.recipe.adapter
    job = _job(ctx, phase, settings, rows, extended=vocabulary is not None)
    stop = EarlyStop(phase.early_stopping, folder, writes=ranks.leads) if phase.early_stopping else None
    held_back = _held_back(ctx, job, vocabulary) if stop else None
    before = ctx.inputs[previous] / "adapter" if previous else None
    model = begin(_base(ctx, vocabulary, ranks), phase, settings, before, seed=seed)
    if ranks.lockstep:
        share_out(model, size=ranks.size, device=ctx.machine.device)
    ranks.same_weights(model)
    chosen = arguments(
        folder, phase, steps=len(job.batches), seed=seed, device=ctx.machine.device, dtype=ctx.recipe.model.dtype
    )
    trainer = _trainer(model, chosen, job, ctx, ranks)
    average = MovingAverage(model, phase.ema) if phase.ema is not None else None
    trainer.kept = [kept for kept in (average, stop) if kept is not None]
    return Running(trainer, model, average, stop, held_back)


def _trainer(model: PeftModel, chosen: TrainingArguments, job: Job, ctx: Context, ranks: Ranks) -> PhaseTrainer:
    from rantau.stages.training.preference import REFERENCE, PreferenceTrainer
    from rantau.stages.training.trainer import PhaseTrainer

    if job.phase.kind != "dpo":
        return PhaseTrainer(model, chosen, job, micro_batch=ctx.machine.micro_batch, ranks=ranks)
    trainer = PreferenceTrainer(model, chosen, job, micro_batch=ctx.machine.micro_batch, ranks=ranks)
    trainer.set_reference(ctx.out / "checkpoints" / REFERENCE, ctx.progress)
    return trainer


def _base(ctx: Context, vocabulary: str | None, ranks: Ranks) -> PreTrainedModel:
    """On its device; one that is to be shared out, and may fit on none, in the memory of the processor."""
    from rantau.model.load import load_base

    machine = replace(ctx.machine, device="cpu") if ranks.lockstep else ctx.machine
    base = load_base(ctx.recipe.model, machine)
    if vocabulary:
        from rantau.model.vocabulary import extend_model

        extend_model(base, ctx.inputs[vocabulary])
    return base


def _job(ctx: Context, phase: Phase, settings: Adapter, rows: Rows, *, extended: bool) -> Job:
    from rantau.stages.training.job import Job

    seed, stopping = ctx.recipe.draw_seed, phase.early_stopping
    held = draw_held_back(len(rows), share=stopping.share, seed=seed, phase=phase.name) if stopping else ()
    learnt, lengths = sorted(set(range(len(rows))) - set(held)), rows.lengths
    batches = planned_batches(
        [lengths[row] for row in learnt], batch_size=phase.batch_size, epochs=phase.epochs, seed=seed
    )
    share, decay = (ctx.recipe.part(path) for path in NEW_ROWS) if extended else (EMBEDDING_SHARE, None)
    return Job(
        ctx.recipe.model, settings, phase, rows, [[learnt[place] for place in batch] for batch in batches],
        ctx.progress.say, held, share, decay,
    )  # fmt: skip


def _held_back(ctx: Context, job: Job, vocabulary: str | None) -> HeldBack:
    from rantau.model.tokenizer import load_tokenizer

    folder = ctx.inputs[vocabulary] if vocabulary else None
    tokenizer = load_tokenizer(ctx.recipe.model, vocabulary=folder)
    n_bytes = sum(learnt_bytes(tokenizer, *job.rows[row]) for row in job.held_back)
    if not n_bytes:
        raise TrainingError(
            f"Phase {job.phase.name}: the {len(job.held_back)} rows held back for early_stopping have no text to "
            f"measure, only special tokens. Raise phases.{job.phase.name}.early_stopping.share."
        )
    return HeldBack(job.held_back, n_bytes)
