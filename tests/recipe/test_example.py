"""The example recipe and the reference say everything, and the example loads as it was written."""

from pathlib import Path

import pytest

from rantau.recipe import Recipe, load_recipe
from rantau.recipe.example import commented, example_recipe
from rantau.recipe.reference import reference


@pytest.mark.parametrize("language", ["ind", "kor", "jav"])
def test_commented_recipe_round_trip(tmp_path: Path, language: str) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(commented(example_recipe(language)))
    assert load_recipe(path) == example_recipe(language)


def fields(schema: dict, definitions: dict) -> set[str]:
    names = set(schema.get("properties", {}))
    return names.union(*(d.get("properties", {}) for d in definitions.values()))


def test_every_field_is_in_the_reference_and_described() -> None:
    schema = Recipe.model_json_schema()
    text = reference()
    for name in fields(schema, schema["$defs"]):
        assert f"| `{name}" in text
    for part in schema["$defs"].values():
        for name, field in part["properties"].items():
            assert field.get("description"), name
