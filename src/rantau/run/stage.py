"""What a stage is: a plain function with a declaration, and what the function is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rantau.errors import StoreError
from rantau.machine import Machine
from rantau.recipe import CorpusRecipe
from rantau.run.progress import Progress


@dataclass(frozen=True, slots=True)
class Declared:
    """The part of the recipe that a stage declared; reading anything else is an error.

    A slice is a path: "adapter", "seed", "evaluation.prompts", "phases.<name>" for one element of a list, or
    "phases.*.tokens" for one field of every element (their names are always there).
    """

    recipe: CorpusRecipe
    slices: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        if name in self.slices:
            return getattr(self.recipe, name)
        if fields := fields_of_all(self.slices, name):
            return [Fields(element, fields) for element in getattr(self.recipe, name)]
        raise StoreError(f"recipe.{name} is read but not declared; the stage declares {', '.join(self.slices)}.")

    def part(self, path: str) -> Any:
        """The part of a slice that was declared as "<slice>.<field>", or "<list>.<name>"."""
        if path not in self.slices:
            raise StoreError(f"recipe.{path} is read but not declared; declared: {', '.join(self.slices)}.")
        return slice_value(self.recipe, path)


@dataclass(frozen=True, slots=True)
class Fields:
    """An element of a list of which only some fields were declared."""

    element: Any
    fields: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        if name in self.fields:
            return getattr(self.element, name)
        raise StoreError(
            f"{self.element.name}.{name} is read but not declared; declared: {', '.join(self.fields)}."
        )


def fields_of_all(slices: tuple[str, ...], head: str) -> tuple[str, ...]:
    """Fields declared as "<head>.*.<field>", with the name first; empty if there are none."""
    found = tuple(s.removeprefix(f"{head}.*.") for s in slices if s.startswith(f"{head}.*."))
    return ("name", *found) if found else ()


def slice_value(recipe: CorpusRecipe, path: str) -> Any:
    """The value at a path: a slice, a field of it, or the element of a list that has this name."""
    head, _, name = path.partition(".")
    value = getattr(recipe, head)
    if isinstance(value, list) and name:
        return next(e for e in value if e.name == name)
    return getattr(value, name) if name else value


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage's function gets.

    recipe   the declared slices
    folder   folder of the recipe file: relative paths in it start here
    inputs   stage name -> folder of its finished artefact, for the declared needs
    out      folder to write; may hold what a killed run left, written by this same stage
    machine  where it runs
    progress bars and messages on stderr
    people   runs/<name>, where a stage may put what is looked at but is no result; None = nobody looks
    """

    recipe: Declared
    folder: Path
    inputs: Mapping[str, Path]
    out: Path
    machine: Machine
    progress: Progress
    people: Path | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """name, version (raise it when the same recipe comes out differently), needs (stages),
    slices (recipe parts), run(context) -> frozen dataclass of numbers for the manifest.

    fingerprint  hashes of what lies outside the recipe: local files of sources, the base model
    volatile     file names (glob) that hold seconds, bytes or machine facts: recorded, but not in the digest
    scratch      names in the output folder that are removed when the stage is done (checkpoints)
    """

    name: str
    version: int
    needs: tuple[str, ...]
    slices: tuple[str, ...]
    run: Callable[[Context], Any]
    fingerprint: Callable[[Any, Path], Mapping[str, str]] | None = None
    volatile: tuple[str, ...] = ()
    scratch: tuple[str, ...] = field(default=())
