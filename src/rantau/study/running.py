"""Runs the trials of a study: side by side, each artefact once, and a failure stops only what needs it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Model, Recipe
from rantau.run.jobs import Ended, Job, run_jobs
from rantau.run.journal import ERROR, withdraw_journal, write_journal
from rantau.run.progress import Progress, clock
from rantau.run.runner import Outcome, Step, build, kept
from rantau.run.store import Store
from rantau.study.steps import PlannedTrial, Wanted, name_of, plan_trials, wanted
from rantau.study.trials import Trial

KEY = re.compile(r" [0-9a-f]{16}\b")  # in the name of an artefact: it says nothing to people


@dataclass(frozen=True, slots=True)
class Done:
    """A trial after the run. folders: stage -> finished artefact; error: why there are none"""

    trial: Trial
    folders: dict[str, Path]
    error: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One artefact to build, as it travels to a worker. Paths are absolute, for a worker may run elsewhere."""

    step: Step
    inputs: dict[str, Path]
    recipe: Recipe
    folder: Path
    store: Path
    machine: Machine


def run_trials(
    trials: Sequence[Trial], store: Store, machine: Machine, progress: Progress, *, workers: int,
    people: Path | None = None,
) -> list[Done]:  # fmt: skip
    """Builds what is missing and returns the trials in their order, finished or failed.

    machine  of the whole study: its threads are shared out over the workers
    workers  trials at once, on this machine; on machine.cluster as many as it has room for
    people   runs/<study>: each finished trial gets trials/<arm>-<repetition>/ there, with links to its artefacts
    Raises   StoreError if another run holds the store; MachineError if the cluster cannot be used
    """
    store = Store(store.root.resolve())
    with store.lock(progress):
        planned = plan_trials(trials, store)
        missing = wanted(planned)
        _fetch_bases(missing, progress)
        ended = _build_all(missing, store, machine, progress, workers)
    done = [_done(one, ended) for one in planned]
    if people:
        for one, result in zip(planned, done, strict=True):
            _show(people / "trials" / f"{one.trial.arm}-{one.trial.repeat + 1}", one, result)
    return done


def _build_all(
    missing: Sequence[Wanted], store: Store, machine: Machine, progress: Progress, workers: int
) -> dict[str, Ended]:
    threads = max(1, machine.threads // workers)
    here = replace(machine, workers=1, threads=threads, cluster=None, processes=1, report_to=())
    names = {w.name for w in missing}
    jobs = [_job(w, names, Order(_alone(w.step), w.first.inputs_of(w.step), w.first.trial.recipe,
                                 w.first.trial.folder.resolve(), store.root, here)) for w in missing]  # fmt: skip
    wants = {w.name: w for w in missing}
    ended: dict[str, Ended] = {}
    progress.say(
        _opening(missing, f"the cluster {machine.cluster}" if machine.cluster else f"{workers} at a time")
    )
    for one in run_jobs(
        _build, jobs, workers=workers, threads=threads, cluster=machine.cluster,
        accelerators=int(machine.device == "cuda"),
    ):  # fmt: skip
        ended[one.name] = one
        progress.say(f"[{len(ended)}/{len(jobs)}] {_line(one, wants[one.name])}")
    return ended


def _job(want: Wanted, names: set[str], order: Order) -> Job:
    needs = [name_of(step) for step in want.first.needs_of(want.step)]
    return Job(want.name, tuple(n for n in needs if n in names), order)


def _alone(step: Step) -> Step:
    """Without the fingerprint, which has done its work and need not travel."""
    return replace(step, stage=replace(step.stage, fingerprint=None))


def _build(order: Order) -> Outcome:
    """Runs in a worker."""
    store, quiet = Store(order.store), Progress(quiet=True)
    return build(order.step, order.inputs, order.recipe, order.folder, store, order.machine, quiet)


def _fetch_bases(missing: Sequence[Wanted], progress: Progress) -> None:
    """Each base is fetched, dequantised or merged once, before several workers want it at the same time."""
    from rantau.model.load import resolve_base

    models: list[Model] = []
    for want in missing:
        if want.step.stage.name.startswith(("answer-", "train-", "benchmark-")):
            model = want.first.trial.recipe.model
            models += [model] if model not in models else []
    for model in models:
        resolve_base(model, progress)


def _opening(missing: Sequence[Wanted], where: str) -> str:
    shared = sum(len(w.trials) > 1 for w in missing)
    if not missing:
        return "nothing to build: every trial is there"
    return f"{len(missing)} artefacts to build, {shared} of them for several trials; {where}"


def _line(one: Ended, want: Wanted) -> str:
    trials = want.trials
    whom = trials[0].title if len(trials) == 1 else f"{len(trials)} trials"
    if one.error is not None:
        return f"{want.step.stage.name} of {whom}: FAILED. {KEY.sub('', one.error)}"
    return f"{want.step.stage.name} of {whom}: built in {clock(one.result.wall_s)}"


def _done(one: PlannedTrial, ended: dict[str, Ended]) -> Done:
    folders = {s.stage.name: s.folder for s in one.steps}
    for step in (s for s in one.steps if not s.kept):
        result = ended.get(name_of(step))
        if result is not None and result.error is not None:
            where = f"{step.stage.name}: {result.error}"
            return Done(one.trial, {}, where, result.detail)
    return Done(one.trial, folders)


def _show(folder: Path, one: PlannedTrial, done: Done) -> None:
    """Links of a finished trial, or the traceback of a failed one: links that an earlier run of it left would be
    taken for this one's."""
    if done.error is not None:
        withdraw_journal(folder)
        files.write_text(folder / ERROR, f"{done.error}\n\n{_readable(done.detail)}")
        return
    (folder / ERROR).unlink(missing_ok=True)
    outcomes = [kept(step) for step in one.steps]
    write_journal(folder, one.trial.recipe.model_dump(mode="json", by_alias=True), outcomes)


def _readable(detail: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", detail)
