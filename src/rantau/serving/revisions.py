"""Revisions: the models that a run can answer as, under the names that prompts ask for. Nothing is loaded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rantau import files
from rantau.errors import SourceError
from rantau.recipe import Recipe
from rantau.run.journal import read_journal
from rantau.run.manifest import Manifest

Kind = Literal["adapted", "base"]


@dataclass(frozen=True, slots=True)
class Revision:
    """name     what prompts ask for, such as demo or demo-base
    run      folder runs/<name>
    title    for people
    digest   of what the training stage made, or of the base; "" where the run does not say
    context  most tokens that the model was made for; None if only its weights say
    """

    name: str
    kind: Kind
    run: Path
    title: str
    digest: str
    language: str
    context: int | None = None


def read_recipe(run: Path) -> Recipe:
    """Raises   SourceError if nothing was run under this name"""
    return Recipe.model_validate(read_journal(run)["recipe"])


def adapter_folder(run: Path, recipe: Recipe) -> Path:
    """Where the last phase has left its adapter.

    Raises   SourceError if it has not: the run was stopped, or goes on
    """
    folder = run / "stages" / f"train-{recipe.phases[-1].name}" / "adapter"
    if not (folder / "adapter_config.json").is_file():
        raise SourceError(
            f"{run}: phase {recipe.phases[-1].name} has not been trained to its end. The same rantau run goes on "
            "where it stopped; --base alone needs no training."
        )
    return folder


def vocabulary_folder(run: Path, recipe: Recipe) -> Path | None:
    """The words that the run gave its base; None if it has none of its own."""
    return run / "stages" / "vocabulary" if recipe.vocabulary.extend else None


def revisions_of(run: Path, kinds: Sequence[Kind] = ("adapted", "base")) -> tuple[Revision, ...]:
    """The revisions of a run, in the order of `kinds`.

    Raises   SourceError if the run is not there, or adapted is asked for and not finished
    """
    recipe = read_recipe(run)
    manifest = _trained(run, recipe) if "adapted" in kinds else None
    name, language, context = run.resolve().name, recipe.language.target, _context(recipe)
    titles = {"adapted": f"{name} (adapted)", "base": f"{_short(recipe.model.base)} (base)"}
    digests = {
        "adapted": manifest.digest if manifest else "",
        "base": manifest.asked_for.get("outside", {}).get("base", "") if manifest else "",
    }
    return tuple(
        Revision(name_of(run, kind), kind, run, titles[kind], digests[kind], language, context) for kind in kinds
    )


def name_of(run: Path, kind: Kind) -> str:
    name = run.resolve().name
    return name if kind == "adapted" else f"{name}-base"


def _trained(run: Path, recipe: Recipe) -> Manifest | None:
    folder = adapter_folder(run, recipe).parent
    return Manifest.read(folder) if (folder / "manifest.json").is_file() else None


def _short(base: str) -> str:
    """A base without the folders of this machine, which are nobody else's business."""
    return base.rpartition("/")[2] if base.startswith(("/", "~", ".")) or ":" in base else base


def _context(recipe: Recipe) -> int | None:
    """As the base's config.json says; a .gguf that is still to be converted has none."""
    from rantau.model.base import config_folder

    folder = config_folder(recipe.model)
    if folder is None:
        return None
    config = files.read_json(folder / "config.json")
    found = config.get("max_position_embeddings") or config.get("text_config", {}).get("max_position_embeddings")
    return int(found) if found else None
