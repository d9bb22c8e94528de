"""What a study asks: a base recipe, arms that differ from it, and how often each is repeated."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from rantau import files
from rantau.errors import RecipeError
from rantau.recipe.base import Name, Slice


class Arm(Slice):
    name: Name = Field(description="Name in the tables.")
    note: str = Field("", description="What it is, in the words of a reader; shown beside the name.")
    set: dict[str, Any] = Field(default_factory=dict, description="Recipe field -> value, as --set has it.")


class Axis(Slice):
    name: Name = Field(description="Name of what varies; with `field` it begins the names of the arms.")
    field: str | None = Field(None, description="Recipe field that takes each of `values`.")
    values: list[Any] = Field(default_factory=list, description="Values of `field`.")
    points: list[Arm] = Field(
        default_factory=list, description="Instead of field and values: named points that set several fields."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Axis:
        if bool(self.points) == bool(self.field and self.values):
            raise ValueError(f"axis {self.name} takes either field with values, or points")
        return self

    def arms(self) -> list[Arm]:
        if self.points:
            return list(self.points)
        return [Arm(name=f"{self.name}-{_slug(value)}", set={str(self.field): value}) for value in self.values]


Rule = Literal["best", "mean_rank", "gain_over_sd"]


class Choice(Slice):
    """The rule by which one arm is chosen, written down before anything runs."""

    figures: list[str] = Field(
        min_length=1, description="Figures that count: a metric, or metric.name where there are several."
    )
    rule: Rule = Field(
        "mean_rank",
        description="best: by the first figure; mean_rank: least mean rank over the figures; gain_over_sd: least "
        "mean rank by gain over the base model divided by the deviation between runs.",
    )


class Study(Slice):
    name: Name = Field(description="Name of the study: runs/<name>/.")
    base: str = Field(description="Recipe that all arms start from, relative to the study's file.")
    arms: list[Arm] = Field(default_factory=list, description="What is compared, arm by arm.")
    axes: list[Axis] = Field(
        default_factory=list, description="Instead of arms: every combination of the points of all axes."
    )
    against: Name | None = Field(
        None, description="Arm that all others are compared with, besides the base model; null = none."
    )
    repeats: int = Field(
        3, ge=1, le=100, description="Trainings of each arm, each from another seed: the recipe's `repeat`."
    )
    figures: list[str] = Field(
        default_factory=list,
        description="Figures of the tables: a metric, or metric.name; empty = all that can be compared.",
    )
    choice: Choice | None = Field(None, description="How one arm is chosen; null = none is.")
    published: str | None = Field(
        None,
        description="File with figures of a publication, shown beside as cited, relative to the study's file.",
    )

    @model_validator(mode="after")
    def _names_meet(self) -> Study:
        if bool(self.arms) == bool(self.axes):
            raise ValueError("a study takes either arms or axes")
        names = [arm.name for arm in self.all_arms()]
        if len(names) < 2:
            raise ValueError("a study compares at least two arms")
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two arms are named {twice[0]}")
        if self.against is not None and self.against not in names:
            raise ValueError(f"against: no arm is named {self.against} ({', '.join(names)})")
        return self

    def all_arms(self) -> list[Arm]:
        """The arms as listed, or every combination of the axes: the last axis turns fastest."""
        if self.arms:
            return list(self.arms)
        return [_joined(points) for points in product(*(axis.arms() for axis in self.axes))]


def load_study(path: Path) -> Study:
    """Raises RecipeError that lists every problem."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return Study.model_validate(YAML(typ="safe", pure=True).load(files.read_text(path)))
    except YAMLError as error:
        raise RecipeError(f"{path.name}: not YAML ({error}).") from error
    except ValidationError as error:
        lines = [f"{path.name}: {'.'.join(map(str, e['loc']))}: {e['msg']}." for e in error.errors()]
        raise RecipeError("\n".join(lines)) from None


def _joined(points: tuple[Arm, ...]) -> Arm:
    return Arm(
        name="_".join(p.name for p in points)[:40],
        note=", ".join(p.note for p in points if p.note),
        set={field: value for p in points for field, value in p.set.items()},
    )


def _slug(value: Any) -> str:
    """A value as part of a name: 2e-4 becomes 0_0002."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^a-z0-9-]+", "_", text.lower()).strip("_") or "none"
