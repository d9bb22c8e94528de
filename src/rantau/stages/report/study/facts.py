"""Facts of a study, read from study.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau import files

BASE = ""
"""The base model among the arms."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one arm; see ArmFigure in rantau.study.arms for the fields."""

    arm: str
    metric: str
    name: str
    unit: str
    better: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    runs: tuple[tuple[float, ...], ...]
    sd_runs: float | None
    sd_trainings: float | None
    se_items: float | None
    chance: float | None
    ceiling: float | None
    signature: str
    paired: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.metric, self.name

    @property
    def all_runs(self) -> list[float]:
        return [value for training in self.runs for value in training]

    @property
    def spread(self) -> float | None:
        """Standard deviation between runs of answers, or between trainings where each item was answered once."""
        return self.sd_runs if self.sd_runs is not None else self.sd_trainings


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """study, recipe, chosen, published: as study.json has them; figures in its order, the base model's first"""

    study: Mapping[str, Any]
    recipe: Mapping[str, Any]
    packages: Mapping[str, str]
    arms: Sequence[Mapping[str, Any]]
    figures: tuple[Figure, ...]
    differences: Sequence[Mapping[str, Any]]
    chosen: Mapping[str, Any] | None
    published: Mapping[str, Any] | None

    @property
    def keys(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys(f.key for f in self.figures))

    @property
    def finished(self) -> list[str]:
        """Arms with a figure, in the order of the study."""
        told = {f.arm for f in self.figures}
        return [arm["name"] for arm in self.arms if arm["name"] in told]

    @property
    def first_base(self) -> Figure | None:
        return next((f for f in self.figures if f.arm == BASE), None)

    def of(self, arm: str, key: tuple[str, str]) -> Figure | None:
        return next((f for f in self.figures if f.arm == arm and f.key == key), None)

    def each(self, key: tuple[str, str]) -> list[Figure]:
        """The base model and every arm."""
        return [f for f in self.figures if f.key == key]

    def difference(self, arm: str, against: str, key: tuple[str, str]) -> Mapping[str, Any] | None:
        for row in self.differences:
            if (row["arm"], row["against"], row["metric"], row["name"]) == (arm, against, *key):
                return row
        return None

    def against(self) -> list[str]:
        return list(dict.fromkeys(row["against"] for row in self.differences))


def read_study(path: Path) -> StudyFacts:
    """path: study.json"""
    content = files.read_json(path)
    figures = tuple(Figure(**{**row, "runs": tuple(map(tuple, row["runs"]))}) for row in content.pop("figures"))
    return StudyFacts(figures=figures, **content)


def arm_name(arm: str) -> str:
    return arm or "base model"
