"""Engines by name. Each is made by a function that is imported when it is asked for: its library may be absent."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rantau.errors import RequestError
from rantau.serving.engines.engine import Engine
from rantau.serving.revisions import Kind, read_recipe

Says = Callable[[float, str], None]
"""Told how much is loaded, 0..1, and what is loaded now."""

BUILDERS = {
    "transformers": "rantau.serving.engines.of_run:build",
    "ctranslate2": "rantau.serving.engines.ctranslate2:build",
    "llama.cpp": "rantau.serving.engines.llama_cpp:build",
    "openai": "rantau.serving.engines.openai:build",
    "fake": "rantau.serving.engines.fake:build",
}
"""name -> module:function of an Asked and a Says, that returns an Engine"""
CUSTOM_CODE = "custom_code"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker is to load.

    runs      folders runs/<name>
    kinds     which revisions of each
    slots     answers at once; context: most tokens of a talk with its answer
    threads   for matrix products; None = all cores but one
    options   of one engine alone, such as the address of a server
    """

    runs: tuple[Path, ...]
    kinds: tuple[Kind, ...] = ("adapted", "base")
    device: str = "auto"
    slots: int = 8
    context: int = 2048
    threads: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def option(self, name: str, default: str) -> str:
        return self.options.get(name, default)


class Builder(Protocol):
    def __call__(self, asked: Asked, says: Says) -> Engine: ...


def build_engine(name: str, asked: Asked, says: Says) -> Engine:
    """Raises   RequestError for an unknown name, if its library is not installed, and see check_code; what the
    builder raises, as SourceError for a run that is not finished"""
    if name not in BUILDERS:
        near = difflib.get_close_matches(name, BUILDERS, n=1)
        raise RequestError(
            f"no engine {name!r}. {f'Did you mean {near[0]}?' if near else ''} There are: {known()}."
        )
    if name != "fake":
        for run in asked.runs:
            check_code(run, asked)
    module, _, function = BUILDERS[name].partition(":")
    try:
        builder: Builder = getattr(importlib.import_module(module), function)
        return builder(asked, says)
    except ImportError as error:
        raise RequestError(
            f"engine {name}: {error}. Install what it needs (docs/serving.md), or take another: {known()}."
        ) from error


def check_code(run: Path, asked: Asked) -> None:
    """Code of a base's repository that a recipe allowed for training does not run in a chat unless that is said
    again, by name: who serves a run need not be who wrote its recipe.

    Raises   RequestError
    """
    model = read_recipe(run).model
    if model.allow_custom_code == model.base and asked.option(CUSTOM_CODE, "") != model.base:
        raise RequestError(
            f"{run.name}: its recipe lets {model.base} run Python code of its own (model.allow_custom_code). Read "
            f"that code, then allow it here, too: --option {CUSTOM_CODE}={model.base}"
        )


def known() -> str:
    return ", ".join(BUILDERS)
