"""Figures of a publication: shown beside the study's own as cited, never compared with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from rantau import files
from rantau.errors import RecipeError
from rantau.recipe.base import Slice

MeanSd = Annotated[list[float], Field(min_length=1, max_length=2)]
Cited = dict[str, MeanSd]


class OtherModel(Slice):
    name: str = Field(description="Name in the publication.")
    note: str = Field("", description="Where the figures come from, if they are worked out.")
    figures: Cited = Field(description="Metric -> mean, and standard deviation if it is given.")


class Published(Slice):
    source: str = Field(description="What is cited: where it appeared, and which table.")
    note: str = Field("", description="What a reader must know before comparing.")
    base: Cited = Field(default_factory=dict, description="The publication's own baseline.")
    arms: dict[str, Cited] = Field(
        default_factory=dict, description="Arm of the study -> what was published for it."
    )
    others: list[OtherModel] = Field(default_factory=list, description="Other models that it names.")


def load_published(path: Path, arms: list[str]) -> Published:
    """arms: names of the study's arms

    Raises   RecipeError for a file that cannot be read, and for an arm that the study does not have
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        found = Published.model_validate(YAML(typ="safe", pure=True).load(files.read_text(path)))
    except YAMLError as error:
        raise RecipeError(f"{path.name}: not YAML ({error}).") from error
    except ValidationError as error:
        lines = [f"{path.name}: {'.'.join(map(str, e['loc']))}: {e['msg']}." for e in error.errors()]
        raise RecipeError("\n".join(lines)) from None
    if unknown := sorted(set(found.arms) - set(arms)):
        raise RecipeError(f"{path.name}: arms.{unknown[0]} is no arm of the study ({', '.join(arms)}).")
    return found
