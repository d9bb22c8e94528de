"""From a YAML file to a checked recipe; all errors are shown at once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rantau import files
from rantau.errors import DataError, RecipeError
from rantau.recipe.slices import Recipe
from rantau.recipe.switches import with_profile_defaults


def load_recipe(path: Path, overrides: Sequence[str] = (), *, profile: str | None = None) -> Recipe:
    """The recipe in `path`, with `key.sub=value` overrides applied before it is checked.

    Raises   RecipeError that lists every problem; SourceError if the file is missing
    """
    data = _parse(path)
    if profile:
        data["profile"] = profile
    for override in overrides:
        _apply(data, override)
    return check_recipe(data, where=path.name)


def check_recipe(data: dict[str, Any], *, where: str) -> Recipe:
    """A recipe from plain values; `where` starts every line of an error."""
    try:
        return Recipe.model_validate(with_profile_defaults(data))
    except ValidationError as error:
        lines = [f"{where}: {_explain(e, data)}" for e in error.errors()]
        raise RecipeError("\n".join(dict.fromkeys(lines))) from None


def _parse(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    try:
        data = YAML(typ="safe", pure=True).load(files.read_text(path))
    except DataError as error:
        raise RecipeError(str(error)) from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(f"{path.name} line {line}: not YAML ({error.problem}).") from error
    if not isinstance(data, dict):
        raise RecipeError(f"{path.name}: a recipe is a list of `key: value` lines, got {type(data).__name__}.")
    return data


def _apply(data: dict[str, Any], override: str) -> None:
    from ruamel.yaml import YAML

    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: write --set key.sub=value, for example --set adapter.rank=8.")
    *parents, last = key.split(".")
    node: Any = data
    for part in parents:
        node = _child(node, part, override)
    value = YAML(typ="safe", pure=True).load(text) if text else None
    if isinstance(node, list):
        node[_position(node, last, override)] = value
    else:
        node[last] = value


def _child(node: Any, part: str, override: str) -> Any:
    if isinstance(node, list):
        return node[_position(node, part, override)]
    child = node.setdefault(part, {})
    if not isinstance(child, dict | list):
        raise RecipeError(f"--set {override}: {part} is the value {child!r}, it has no parts.")
    return child


def _position(node: list[Any], part: str, override: str) -> int:
    """Elements of a list are addressed by number from 0, or by their `name`."""
    names = [e.get("name") if isinstance(e, dict) else None for e in node]
    if part in names:
        return names.index(part)
    if part.isdigit() and int(part) < len(node):
        return int(part)
    raise RecipeError(f"--set {override}: no element {part!r}; there are {', '.join(map(str, names))}.")


def _explain(error: Any, data: Any) -> str:
    path = [p for p in error["loc"] if not (isinstance(p, str) and p in ("function-after", "literal['auto']"))]
    shown = ".".join(_names(path, data))
    if error["type"] == "extra_forbidden":
        return f"unknown key {shown}.{_suggestion(path)}"
    if error["type"] == "missing":
        return f"{shown} is missing. Add it; `rantau init` shows an example."
    if error["type"] == "value_error":
        return f"{shown + ': ' if shown else ''}{error['ctx']['error']}."
    message = error["msg"][0].lower() + error["msg"][1:]
    return f"{shown}: {message}, got {error['input']!r}."


def _names(path: Sequence[Any], data: Any) -> list[str]:
    """List positions are shown by the element's name, as a reader would say it."""
    shown, node = [], data
    for part in path:
        node = node[part] if _has(node, part) else None
        named = isinstance(part, int) and isinstance(node, dict) and "name" in node
        shown.append(str(node["name"]) if named and node else str(part))
    return shown


def _has(node: Any, part: Any) -> bool:
    return (isinstance(node, dict) and part in node) or (
        isinstance(node, list) and isinstance(part, int) and part < len(node)
    )


def _suggestion(path: Sequence[Any]) -> str:
    known = known_keys(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else f" Known here: {', '.join(known)}."


def known_keys(path: Sequence[Any]) -> list[str]:
    """Field names of the slice at `path`; list positions are skipped."""
    model: Any = Recipe
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _slice_of(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _slice_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_slice_of(a) for a in getattr(annotation, "__args__", ()))
    return next((f for f in found if f is not None), None)
