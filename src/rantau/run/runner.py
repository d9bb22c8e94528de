"""Runs stages in order, skips what is finished, and says why the rest is needed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from rantau import __version__
from rantau.errors import StoreError
from rantau.machine import Machine, describe
from rantau.recipe import CorpusRecipe
from rantau.run.manifest import Manifest
from rantau.run.now import announced
from rantau.run.progress import Progress, clock
from rantau.run.stage import Context, Declared, Stage
from rantau.run.store import Store, asked_for, differences, key_of, write_manifest

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "tokenizers",
    "datasets",
    "sacrebleu",
    "py3langid",
    "pyarrow",
    "numpy",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a run before it starts: kept, or to be built and why."""

    stage: Stage
    key: str
    asked: Mapping[str, Any]
    folder: Path
    kept: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    stage: str
    status: Literal["kept", "built"]
    reason: str
    folder: Path
    digest: str
    wall_s: float


def plan(stages: Sequence[Stage], recipe: CorpusRecipe, folder: Path, store: Store) -> list[Step]:
    """What a run would do. Keys are known before anything runs, so later stages can be told too."""
    keys: dict[str, str] = {}
    steps: list[Step] = []
    for stage in stages:
        asked = asked_for(stage, recipe, folder, {need: keys[need] for need in stage.needs})
        key = keys[stage.name] = key_of(asked)
        kept = store.finished(stage, key)
        reason = "unchanged" if kept else _why(store, stage, key, asked)
        steps.append(Step(stage, key, asked, store.folder(stage, key), kept, reason))
    return steps


def _why(store: Store, stage: Stage, key: str, asked: Mapping[str, Any]) -> str:
    if store.part(stage, key).is_dir():
        return "continues what an interrupted run left"
    nearest = store.nearest(stage, asked)
    if nearest is None:
        return "never built"
    lines = differences(nearest.asked_for, asked)
    own = [
        line.removeprefix("recipe.").removeprefix("outside.") for line in lines if not line.startswith("inputs.")
    ]
    return "; ".join(own) or "follows " + ", ".join(
        sorted(line.split()[0].removeprefix("inputs.") for line in lines)
    )


def run(
    stages: Sequence[Stage],
    recipe: CorpusRecipe,
    folder: Path,
    store: Store,
    machine: Machine,
    progress: Progress,
    people: Path | None = None,
) -> list[Outcome]:
    """Builds what is missing. A stage that was killed continues from its .part folder.

    people   runs/<name>: there now.json says which stage is being built
    Raises   RantauError from the stage that failed; finished stages stay
    """
    with store.lock(progress), announced(people) as announcer:
        steps = plan(stages, recipe, folder, store)
        outcomes = []
        for number, step in enumerate(steps, start=1):
            if not step.kept:
                announcer.building(step.stage.name, store.part(step.stage, step.key), number=number, of=len(steps))
            inputs = {s.stage.name: s.folder for s in steps if s.stage.name in step.stage.needs}
            outcome = (
                kept(step) if step.kept else build(step, inputs, recipe, folder, store, machine, progress, people)
            )
            tail = f" in {clock(outcome.wall_s)}" if outcome.status == "built" else ""
            progress.say(f"[{number}/{len(steps)}] {outcome.stage}: {outcome.status}{tail} ({outcome.reason})")
            outcomes.append(outcome)
        return outcomes


def kept(step: Step) -> Outcome:
    """What a step whose artefact is there comes to."""
    manifest = Manifest.read(step.folder)
    return Outcome(step.stage.name, "kept", step.reason, step.folder, manifest.digest, 0.0)


def build(
    step: Step, inputs: Mapping[str, Path], recipe: CorpusRecipe, folder: Path, store: Store, machine: Machine,
    progress: Progress, people: Path | None = None,
) -> Outcome:  # fmt: skip
    """Builds one step; whoever calls holds the store's lock and sees to it that nobody else builds the same.

    inputs   stage name -> folder of its finished artefact, for what the stage needs
    """
    part = store.part(step.stage, step.key)
    part.mkdir(parents=True, exist_ok=True)
    started, clock_start = datetime.now(UTC), time.monotonic()
    for name, path in inputs.items():
        if not (path / "manifest.json").is_file():
            raise StoreError(f"{path}: {name} vanished while {step.stage.name} was to start. Run again.")
    context = Context(Declared(recipe, step.stage.slices), folder, inputs, part, machine, progress, people)
    summary = asdict(step.stage.run(context))
    wall_s = time.monotonic() - clock_start
    manifest = write_manifest(
        store, step.stage, step.key, step.asked, summary, provenance(machine, started, wall_s)
    )
    return Outcome(step.stage.name, "built", step.reason, step.folder, manifest.digest, wall_s)


def provenance(machine: Machine, started: datetime, wall_s: float) -> dict[str, Any]:
    """Who made it: package versions, machine, start, seconds. Not part of any digest."""
    return {
        "packages": {"rantau": __version__, **package_versions()},
        "machine": {**describe(), **{k: v for k, v in asdict(machine).items() if k != "report_to"}},
        "started": started.isoformat(timespec="seconds"),
        "wall_s": round(wall_s, 2),
    }


def package_versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
