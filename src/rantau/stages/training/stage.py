"""Learns one phase: token rows in, a plain PEFT adapter out; each phase goes on with the adapter before it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial

from rantau import energy, files
from rantau.errors import TrainingError
from rantau.machine import Machine
from rantau.model.base import base_hash
from rantau.model.optimiser import check_optimiser
from rantau.model.repeatable import repeatable
from rantau.recipe import Phase
from rantau.run.progress import Progress
from rantau.run.stage import Context, Stage
from rantau.stages.training import checkpoints
from rantau.stages.training.beginning import NEW_ROWS, Running, begin_phase
from rantau.stages.training.journal import Journal
from rantau.stages.training.ranks import Ranks
from rantau.stages.training.results import TrainSummary, speed_of, summary_of
from rantau.stages.training.rows import read_rows
from rantau.stages.training.steps import follow_steps, run_steps
from rantau.stages.training.together import absolute, on_ranks
from rantau.stages.training.trackers import check_trackers

__all__ = ["TrainSummary", "train", "train_stage"]
ANNOUNCED_STEPS = 100  # whose padding is told beforehand; that of all is measured


def train_stage(phase: Phase, previous: str | None, *, vocabulary: str | None = None) -> Stage:
    """The stage of one phase.

    previous    the stage whose adapter it goes on with, train-<phase>
    vocabulary  the stage that extended the vocabulary, None = the base's own is used
    """
    return Stage(
        name=f"train-{phase.name}",
        version=1,
        needs=("format", *(name for name in (previous, vocabulary) if name)),
        slices=(
            "model",
            *(() if phase.adapter else ("adapter",)),
            "draw_seed",
            f"phases.{phase.name}",
            *(NEW_ROWS if vocabulary else ()),
        ),
        run=partial(train, phase=phase.name, previous=previous, vocabulary=vocabulary),
        volatile=("speed.jsonl", "speed.json", "trackers/*"),
        scratch=("checkpoints",),
        fingerprint=base_hash,
    )


def train(ctx: Context, *, phase: str, previous: str | None, vocabulary: str | None = None) -> TrainSummary:
    """Trains, or goes on from the last whole checkpoint in ctx.out.

    Raises   TrainingError if nothing is learnt or the loss is not a number; MachineError on SIGTERM, after a
             checkpoint, if one row does not fit into memory, if a library is missing, or if one of several
             processes died
    """
    asked: Phase = ctx.recipe.part(f"phases.{phase}")
    check_optimiser(asked.optimiser, ctx.machine.device)
    check_trackers(ctx.machine.report_to)
    task = Task(ctx, phase, previous, vocabulary)
    if ctx.machine.processes == 1:
        summary = train_rank(Ranks(), ctx.machine, task)
    else:
        summary = on_ranks(train_rank, prepared(task), ctx, title=f"Phase {phase}")
    assert isinstance(summary, TrainSummary)
    return summary


@dataclass(frozen=True, slots=True)
class Task:
    """What every rank is told; previous, vocabulary: names of stages among ctx.inputs."""

    ctx: Context
    phase: str
    previous: str | None
    vocabulary: str | None


def prepared(task: Task) -> Task:
    """A task for other processes; what the base needs to be loaded is done here, once."""
    from rantau.model.load import resolve_base

    ctx = task.ctx
    resolve_base(ctx.recipe.model, ctx.progress)
    return replace(task, ctx=replace(absolute(ctx), progress=Progress(quiet=ctx.progress.quiet)))


def train_rank(ranks: Ranks, machine: Machine, task: Task) -> TrainSummary | None:
    """The part of one rank; the one that leads writes the results, the others return None."""
    progress = task.ctx.progress if ranks.leads else Progress(quiet=True)
    ctx = replace(task.ctx, machine=machine, progress=progress)
    asked: Phase = ctx.recipe.part(f"phases.{task.phase}")
    rows = read_rows(ctx.inputs["format"] / f"{task.phase}.parquet")
    if not len(rows):
        name, read = task.phase, rows.left_out
        raise TrainingError(
            f"Phase {name}: no row has a token to learn ({read:,} rows read). Look at the rows with "
            f"`rantau data preview`, and at phases.{name}.loss_on and max_tokens."
        )
    resume = ranks.led(checkpoints.last_whole(ctx.out / "checkpoints") if ranks.leads else None)
    with repeatable(machine):
        running = begin_phase(ctx, asked, task.previous, task.vocabulary, rows, ranks)
        if not ranks.leads:
            follow_steps(running, resume)
            return None
        journal = Journal(ctx.out, resumed_at=checkpoints.step_of(resume))
        _announce(ctx, running)
        run_steps(ctx, running, journal, resume)
        return _write_results(ctx, running, journal)


def _announce(ctx: Context, running: Running) -> None:
    from rantau.model.adapters import count_parameters, effective_scale

    job = running.trainer.job
    trainable, total = count_parameters(running.model)
    begins = job.batches[:ANNOUNCED_STEPS]
    padding = running.trainer.pad_share([job.rows.parts_of(row) for row in batch] for batch in begins)
    held = f" ({len(job.held_back):,} more are held back)" if job.held_back else ""
    ctx.progress.say(
        f"train-{job.phase.name}: {trainable:,} of {total:,} parameters learn, effective scale "
        f"{effective_scale(job.adapter):g}; {len(job.batches):,} steps, {job.n_rows:,} rows{held}, "
        f"about {padding:.1%} padding"
    )


def _write_results(ctx: Context, running: Running, journal: Journal) -> TrainSummary:
    from rantau.model.adapters import count_parameters, effective_scale, save_adapter

    job, model = running.trainer.job, running.model
    save_adapter(model, ctx.out / "adapter", base=job.model)
    summary = summary_of(
        job, journal, running.stop,
        parameters=count_parameters(model), effective_scale=effective_scale(job.adapter),
    )  # fmt: skip
    files.write_json(ctx.out / "summary.json", asdict(summary))
    speed = speed_of(journal, running.trainer.rows_at_once, ctx.machine)
    drawn = asdict(energy.recorded(ctx.out / "checkpoints" / energy.LEDGER))
    names = energy.accelerator_names(ctx.machine.device)
    files.write_json(ctx.out / "speed.json", {**speed, "energy": drawn, "accelerators": names})
    return summary
