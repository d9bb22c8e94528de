"""--machine FILE: options of this machine in a file, so that nobody types them for every run."""

from __future__ import annotations

import difflib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from rantau.errors import RantauError, RecipeError
from rantau.machine import Machine

KNOWN = tuple(f.name for f in fields(Machine) if f.name != "threads")  # threads = cores, always


def _use(ctx: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """The file's values become the defaults of the command; options and the environment still win."""
    if path is not None:
        values = read_machine_file(path)
        own = {p.name: p for p in ctx.command.params if p.name in values}
        for name, parameter in own.items():
            _check(ctx, parameter, values[str(name)], path)
        ctx.default_map = {**(ctx.default_map or {}), **{str(n): values[str(n)] for n in own}}
    return path


def read_machine_file(path: Path) -> dict[str, Any]:
    """Field of Machine -> value.

    Raises   RecipeError if it is no list of `key: value` lines or has a key that no option has
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from rantau import files

    try:
        values = YAML(typ="safe", pure=True).load(files.read_text(path))
    except (YAMLError, RantauError) as error:
        raise RecipeError(f"--machine {path}: cannot be read ({str(error).splitlines()[0]}).") from error
    if not isinstance(values, dict):
        raise RecipeError(f"--machine {path}: must be lines such as `processes: 2`.")
    for key in values:
        if key not in KNOWN:
            near = difflib.get_close_matches(str(key), KNOWN, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(KNOWN)}."
            raise RecipeError(f"--machine {path}: unknown key {key}. {hint}")
    return values


def _check(ctx: click.Context, parameter: click.Parameter, value: Any, path: Path) -> None:
    try:
        parameter.type_cast_value(ctx, value)
    except (click.UsageError, TypeError) as error:
        said = error.message if isinstance(error, click.UsageError) else str(error)
        raise RecipeError(f"--machine {path}: {parameter.name}: {said}") from error


machine_option = click.option(
    "--machine", "machine_path", type=click.Path(path_type=Path), envvar="RANTAU_MACHINE", is_eager=True,
    expose_value=False, callback=_use,
    help="File with options of this machine (device, workers, cluster, processes, ...); options given win.",
)  # fmt: skip
