"""Every field of a recipe changes what comes out: some room reads it, and some stage declares it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from rantau.recipe import Recipe, slices
from rantau.recipe.example import example_recipe

SOURCE = Path(slices.__file__).parents[1]
# with_profile_defaults turns the profile into the values of the switches; a claim is checked by the recipe itself
NOT_READ_BY_NAME = {"profile", "per_device_batch", "accumulation_steps"}


def models() -> list[type[BaseModel]]:
    """Every slice there is, nested ones too."""
    found, left = [], [slices.Slice]
    while left:
        left += (kinds := left.pop().__subclasses__())
        found += kinds
    return sorted(set(found), key=lambda m: m.__name__)


@cache
def read_names() -> set[str]:
    """Attribute names and dotted slice parts that the code outside the recipe reads."""
    names: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if path.parent.name != "recipe":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute):
                    names.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    names.add(node.value.rpartition(".")[2])
    return names


@pytest.mark.parametrize("model", models(), ids=lambda m: m.__name__)
def test_some_room_reads_every_field(model: type[BaseModel]) -> None:
    unread = set(model.model_fields) - read_names() - NOT_READ_BY_NAME
    assert not unread, f"nothing reads {sorted(unread)} of {model.__name__}"


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    elif isinstance(value, list) and value:
        yield from leaves(value[0], (*at, 0))
    else:
        yield at, value


def test_every_field_is_in_some_stage_key() -> None:
    from rantau.pipeline import stages_of

    recipe = example_recipe("ind")
    declared = {path.partition(".")[0] for stage in stages_of(recipe) for path in stage.slices}
    assert set(Recipe.model_fields) - declared - NOT_READ_BY_NAME - {"name"} == set()
    parts = {p for stage in stages_of(recipe) for p in stage.slices if p.startswith("evaluation.")}
    assert parts <= {f"evaluation.{name}" for name in slices.Evaluation.model_fields}


def test_unknown_keys_are_refused_at_every_depth() -> None:
    data = example_recipe("ind").model_dump(mode="json")
    for path, _ in leaves(data):
        parents = path[:-1]
        spoilt = example_recipe("ind").model_dump(mode="json")
        node = spoilt
        for part in parents:
            node = node[part]
        if isinstance(node, dict) and path[-2:-1] != ("mixture",):
            node["zzz"] = 1
            with pytest.raises(ValueError, match="zzz"):
                Recipe.model_validate(spoilt)
