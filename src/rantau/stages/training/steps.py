"""The steps of a phase, watched, metered and shown; at their end the adapter is the one to keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rantau import energy
from rantau.errors import MachineError
from rantau.recipe import Phase
from rantau.run.progress import Bar
from rantau.run.stage import Context
from rantau.stages.training import checkpoints
from rantau.stages.training.beginning import Running
from rantau.stages.training.interrupt import sigterm_noted
from rantau.stages.training.journal import HeldBackRow, Journal
from rantau.stages.training.trackers import Shown, trackers


def run_steps(ctx: Context, running: Running, journal: Journal, resume: Path | None) -> None:
    """All steps that are left after the checkpoint `resume`.

    Raises   TrainingError if the loss is not a number; MachineError on SIGTERM, after a checkpoint, or if memory
             or disk are full
    """
    trainer, stop = running.trainer, running.stop
    name, steps, done = trainer.job.phase.name, len(trainer.job.batches), checkpoints.step_of(resume)
    if resume and stop:
        stop.load(resume)
    if not (stop and stop.ended):  # else it was killed after its last step, and only the results are missing
        with ctx.progress.bar(f"train-{name}", steps, done=done, unit=" steps") as bar:
            _train(ctx, running, journal, resume, bar)
    at = len(journal.losses())
    if at < steps and not (stop and stop.ended):
        raise MachineError(
            f"Phase {name} was stopped (SIGTERM) after step {at} of {steps}. A checkpoint is kept: run the same "
            "command again and it goes on from there."
        )
    if stop:
        trainer.restore(stop.best)
        _say_the_end(ctx, running, at)
    elif running.average:
        running.average.put_into(running.model)


def _train(ctx: Context, running: Running, journal: Journal, resume: Path | None, bar: Bar) -> None:
    from rantau.stages.training.observer import Observer

    trainer, machine = running.trainer, ctx.machine
    with (
        sigterm_noted(trainer.ranks.asked),
        energy.Meter(machine.device, ledger=ctx.out / "checkpoints" / energy.LEDGER),
        trackers(_shown(ctx, trainer.job.phase, resume), machine.report_to, ctx.progress.say) as shown,
    ):
        observer = Observer(trainer, journal, bar, trainer.ranks.stop, machine.device, shown)
        trainer.add_callback(observer)
        _learn(running, resume, observer.held_back)


def follow_steps(running: Running, resume: Path | None) -> None:
    """The same steps on a rank that does not lead: it computes, and neither writes nor speaks.

    Raises   as run_steps
    """
    from rantau.stages.training.observer import Follower

    if resume and running.stop:
        running.stop.load(resume)
    if not (running.stop and running.stop.ended):
        running.trainer.add_callback(Follower(running.trainer.ranks.stop))
        _learn(running, resume, lambda _: None)


def _learn(running: Running, resume: Path | None, tell: Callable[[HeldBackRow], None]) -> None:
    from rantau.stages.training.job import is_out_of_memory
    from rantau.stages.training.keeping import Averaging, Measuring
    from rantau.stages.training.micro_batch import SMALLER

    trainer = running.trainer
    if running.average:
        trainer.add_callback(Averaging(running.average))
    if running.stop and running.held_back:
        trainer.add_callback(Measuring(trainer, running.stop, running.held_back, running.average, tell))
    try:
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise MachineError(
            f"Phase {trainer.job.phase.name}: the optimiser does not fit into memory. {SMALLER}"
        ) from error


def _shown(ctx: Context, phase: Phase, resume: Path | None) -> Shown:
    """For the trackers; where nobody looks on, their files lie beside the results and are no part of them."""
    key = ctx.out.name.removesuffix(".part")
    run = ctx.people.name if ctx.people else key
    settings = {name: value for name, value in phase.model_dump(mode="json").items() if value is not None}
    return Shown(
        (ctx.people or ctx.out) / "trackers", f"{run}-{phase.name}", f"{phase.name}-{key}",
        checkpoints.step_of(resume), settings,
    )  # fmt: skip


def _say_the_end(ctx: Context, running: Running, steps: int) -> None:
    assert running.stop is not None
    job, best = running.trainer.job, running.stop.standing
    why = f"no gain in {best.without_gain} measurements" if running.stop.ended else "all steps are done"
    ctx.progress.say(
        f"train-{job.phase.name}: ended after step {steps} of {len(job.batches)} ({why}); the adapter of step "
        f"{best.best_step} is kept, {best.best_bits:.4f} bits per byte held back"
    )
