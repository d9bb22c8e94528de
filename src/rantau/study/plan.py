"""What a study would do, before it does anything: trials, how they differ, what they build and share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rantau.recipe import Recipe
from rantau.study.steps import PlannedTrial
from rantau.study.trials import differences_from


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """One trial.

    differences  from the base recipe, `field old -> new`
    kept         stages that an earlier run has built
    build        stages that this trial is the first to need
    shared       stage -> the earlier trial that builds it too
    """

    arm: str
    repeat: int
    note: str
    differences: tuple[str, ...]
    kept: tuple[str, ...]
    build: tuple[str, ...]
    shared: dict[str, str]

    def to_row(self) -> dict[str, Any]:
        return asdict(self)


def planned_rows(base: Recipe, planned: Sequence[PlannedTrial], notes: dict[str, str]) -> list[TrialPlan]:
    """notes: arm -> what it is, in words"""
    first: dict[str, str] = {}
    rows = []
    for one in planned:
        missing = [s for s in one.steps if not s.kept]
        shared = {s.stage.name: first[s.key] for s in missing if s.key in first}
        rows.append(
            TrialPlan(
                one.trial.arm, one.trial.repeat + 1, notes.get(one.trial.arm, ""),
                tuple(differences_from(base, one.trial.recipe)),
                kept=tuple(s.stage.name for s in one.steps if s.kept),
                build=tuple(s.stage.name for s in missing if s.key not in first),
                shared=shared,
            )
        )  # fmt: skip
        for step in missing:
            first.setdefault(step.key, one.trial.title)
    return rows
