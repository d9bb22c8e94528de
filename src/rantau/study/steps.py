"""What the trials of a study must build: every artefact once, however many trials want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rantau import files
from rantau.pipeline import stages_of
from rantau.recipe import Recipe
from rantau.run.runner import Step, plan
from rantau.run.stage import Stage
from rantau.run.store import Store
from rantau.study.trials import Trial

LEFT_OUT = ("selection", "report", "gate", "export")
"""What a study compares is there with the scores; pages and bundles of single trials are left to `rantau run`."""

Fingerprint = Callable[[Any, Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """A trial and its steps, in order; keys say which of them other trials share."""

    trial: Trial
    steps: tuple[Step, ...]

    def inputs_of(self, step: Step) -> dict[str, Path]:
        """stage name -> folder, of what a step needs"""
        return {s.stage.name: s.folder for s in self.steps if s.stage.name in step.stage.needs}

    def needs_of(self, step: Step) -> list[Step]:
        return [s for s in self.steps if s.stage.name in step.stage.needs]

    def folder_of(self, stage: str) -> Path:
        return next(s.folder for s in self.steps if s.stage.name == stage)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An artefact that is still to be built, and the trials that want it; `first` plans it."""

    step: Step
    first: PlannedTrial
    trials: tuple[Trial, ...]

    @property
    def name(self) -> str:
        return name_of(self.step)


def name_of(step: Step) -> str:
    """Unique among all artefacts: the stage, and the beginning of the key."""
    return f"{step.stage.name} {step.key[:16]}"


def plan_trials(trials: Sequence[Trial], store: Store) -> list[PlannedTrial]:
    """Raises   SourceError, MachineError if what lies outside of a recipe cannot be read"""
    known: dict[str, Mapping[str, str]] = {}
    return [PlannedTrial(t, tuple(plan(_stages(t, known), t.recipe, t.folder, store))) for t in trials]


def wanted(planned: Sequence[PlannedTrial]) -> list[Wanted]:
    """Every artefact that is missing, once, in the order in which the trials come to it."""
    first: dict[str, tuple[Step, PlannedTrial]] = {}
    by: dict[str, list[Trial]] = {}
    for one in planned:
        for step in (s for s in one.steps if not s.kept):
            first.setdefault(step.key, (step, one))
            by.setdefault(step.key, []).append(one.trial)
    return [Wanted(step, one, tuple(by[key])) for key, (step, one) in first.items()]


def _stages(trial: Trial, known: dict[str, Mapping[str, str]]) -> list[Stage]:
    chosen = [s for s in stages_of(trial.recipe) if s.name not in LEFT_OUT]
    return [replace(s, fingerprint=_remembered(s.fingerprint, s.name, known)) for s in chosen]


class _Remembering:
    """A fingerprint that reads each file once, however many trials name it."""

    def __init__(self, fingerprint: Fingerprint, stage: str, known: dict[str, Mapping[str, str]]) -> None:
        self._fingerprint, self._stage, self._known = fingerprint, stage, known

    def __call__(self, recipe: Recipe, folder: Path) -> Mapping[str, str]:
        asked = recipe.model_dump(
            mode="json", by_alias=True, include={"model", "sources", "curation", "evaluation"}
        )
        key = f"{self._stage} {folder} {files.canonical_json(asked)}"
        if key not in self._known:
            self._known[key] = self._fingerprint(recipe, folder)
        return self._known[key]


def _remembered(fingerprint: Fingerprint | None, stage: str, known: dict[str, Mapping[str, str]]) -> Any:
    return None if fingerprint is None else _Remembering(fingerprint, stage, known)
