"""The results of a study: everything that its page and its tables say, as one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau.recipe import Recipe, load_recipe
from rantau.records import BASE_ARM, ArmFigure
from rantau.run.runner import package_versions
from rantau.study.arms import figures_of, gather
from rantau.study.choice import Chosen, choose, matching
from rantau.study.compare import Difference, differences_to
from rantau.study.design import Study
from rantau.study.published import Published, load_published
from rantau.study.running import Done
from rantau.study.settings import ArmSettings, settings_of
from rantau.study.trials import Trial, base_path

ALWAYS = ("bits_per_byte",)
"""Told of every study, whatever figures it asks for."""


@dataclass(frozen=True, slots=True)
class StudyResult:
    """differences: all families, in the order base model, arm of comparison, chosen arm"""

    study: Study
    base: Recipe
    arms: tuple[ArmSettings, ...]
    figures: tuple[ArmFigure, ...]
    differences: tuple[Difference, ...]
    chosen: Chosen | None
    published: Published | None

    def to_plain(self) -> dict[str, Any]:
        """What study.json holds."""
        return {
            "study": self.study.model_dump(mode="json"),
            "recipe": self.base.model_dump(mode="json", by_alias=True),
            "packages": package_versions(),
            "arms": [arm.to_row() for arm in self.arms],
            "figures": [figure.to_row() for figure in self.figures],
            "differences": [d.to_row() for d in self.differences],
            "chosen": self.chosen.to_row() if self.chosen else None,
            "published": self.published.model_dump(mode="json") if self.published else None,
        }

    @property
    def failed(self) -> list[Mapping[str, Any]]:
        return [
            {"arm": arm.name, "repeat": number, "error": why}
            for arm in self.arms
            for number, why in arm.failed.items()
        ]


def published_of(study: Study, path: Path) -> Published | None:
    """path: the study's file"""
    if study.published is None:
        return None
    return load_published(path.resolve().parent / study.published, [arm.name for arm in study.all_arms()])


def results_of(study: Study, path: Path, trials: Sequence[Trial], done: Sequence[Done]) -> StudyResult:
    """path: the study's file

    Raises   MeasureError if no trial finished or two were measured on other items; RecipeError if the study names
             a figure that was not measured
    """
    base = load_recipe(base_path(study, path))
    gathered = gather([arm.name for arm in study.all_arms()], done)
    figures = _asked(study, figures_of(gathered, base.evaluation, seed=base.seed))
    settings = settings_of(study, base, trials, done)
    chosen = choose(study.choice, figures) if study.choice else None
    mine = [f for f in figures if f.arm != BASE_ARM]
    others = dict.fromkeys([BASE_ARM, study.against, chosen.arm if chosen else None])
    differences = [
        difference
        for against in others
        if against is not None and against in gathered.tables
        for difference in differences_to(against, gathered, mine, base.evaluation, seed=base.seed)
    ]
    return StudyResult(
        study, base, tuple(settings), tuple(figures), tuple(differences), chosen,
        published_of(study, path),
    )  # fmt: skip


def _asked(study: Study, figures: Sequence[ArmFigure]) -> list[ArmFigure]:
    """Those that the study names, and those by which it chooses; without names all that can be compared."""
    names = [*study.figures, *(study.choice.figures if study.choice else [])]
    if not study.figures:
        return [f for f in figures if f.paired or any(f in matching(n, figures) for n in names)]
    wanted = {f.key for name in names for f in matching(name, figures)}
    return [f for f in figures if f.key in wanted or f.metric in ALWAYS]
