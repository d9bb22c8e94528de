"""Recipe text: YAML that loads again as the same recipe, every default written out."""

from __future__ import annotations

import io
from typing import Any

from rantau.recipe import Recipe


def recipe_text(recipe: Recipe) -> str:
    plain = recipe.model_dump(mode="json", by_alias=True)
    for phase in plain["phases"]:
        if phase["kind"] == "cpt":
            del phase["loss_on"]  # running text has no answers: the recipe refuses the key there
    return yaml_of(plain)


def yaml_of(value: Any) -> str:
    """Block style, UTF-8, keys in the order given, null spelt out."""
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import RoundTripRepresenter

    class Representer(RoundTripRepresenter):
        """ruamel writes null as nothing, which reads like a forgotten value."""

    Representer.add_representer(type(None), lambda r, _: r.represent_scalar("tag:yaml.org,2002:null", "null"))
    yaml = YAML()
    yaml.Representer = Representer
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    buffer = io.StringIO()
    yaml.dump(value, buffer)
    return buffer.getvalue()
