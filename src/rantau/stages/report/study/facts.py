"""Facts of a study, read from study.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau import files
from rantau.records import BASE_ARM, ArmFigure


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """study, recipe, chosen, published: as study.json has them; figures in its order, the base model's first"""

    study: Mapping[str, Any]
    recipe: Mapping[str, Any]
    packages: Mapping[str, str]
    arms: Sequence[Mapping[str, Any]]
    figures: tuple[ArmFigure, ...]
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
    def first_base(self) -> ArmFigure | None:
        return next((f for f in self.figures if f.arm == BASE_ARM), None)

    def of(self, arm: str, key: tuple[str, str]) -> ArmFigure | None:
        return next((f for f in self.figures if f.arm == arm and f.key == key), None)

    def each(self, key: tuple[str, str]) -> list[ArmFigure]:
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
    figures = tuple(map(ArmFigure.from_row, content.pop("figures")))
    return StudyFacts(figures=figures, **content)


def arm_name(arm: str) -> str:
    return arm or "base model"
