"""Models in the form of another program: which one an engine reads, and where it lies.

They are made by rantau.cli.converting, since making them belongs to the export. Each is made once on a machine and
kept under the hash of what it was made of.
"""

from __future__ import annotations

from pathlib import Path

from rantau import files
from rantau.errors import SourceError
from rantau.model.base import base_fingerprint
from rantau.model.cached import finished
from rantau.recipe import Recipe
from rantau.serving.engines.building import Asked
from rantau.serving.engines.reading import Reader
from rantau.serving.revisions import Revision, adapter_folder, read_recipe, revisions_of, vocabulary_folder

LAYOUT = 1  # raise it when a conversion comes out differently
GGUF_KIND = "q8_0"
"""Of llama.cpp's kinds this one is fast for one answer and for sixteen, and closest to the model itself."""


def form_of(engine: str, asked: Asked) -> str | None:
    """ctranslate2, or gguf and its kind; None for an engine that reads the run as it is."""
    if engine == "llama.cpp":
        return f"gguf-{asked.option('kind', GGUF_KIND)}"
    return engine if engine == "ctranslate2" else None


def revisions_asked(asked: Asked) -> list[Revision]:
    return [revision for run in asked.runs for revision in revisions_of(run, asked.kinds)]


def find(revision: Revision, form: str) -> Path | None:
    """The folder of the model in this form: the run's own export if it has one, else what was made of it here."""
    name, _, kind = form.partition("-")
    exported = revision.run / "stages" / "export" / name
    there = any(exported.glob(f"*-{kind}.gguf")) if kind else exported.is_dir()
    if revision.kind == "adapted" and there:
        return exported.resolve()
    return finished(key_of(revision, form), LAYOUT)


def folder_of(revision: Revision, form: str) -> Path:
    """Raises   SourceError if nobody has made it"""
    found = find(revision, form)
    if found is None:
        raise SourceError(f"{revision.name}: is not there as {form}. rantau worker makes it before it loads it.")
    return found


def key_of(revision: Revision, form: str) -> str:
    """Hash of the form, the base and, for the adapted model, of adapter, new words and template."""
    recipe = read_recipe(revision.run)
    parts = {"form": form, "base": base_fingerprint(recipe.model), "dtype": recipe.model.dtype}
    if revision.kind == "adapted":
        parts |= _adapted(revision.run, recipe)
    return files.sha256_text(files.canonical_json(parts))


def _adapted(run: Path, recipe: Recipe) -> dict[str, str]:
    words = vocabulary_folder(run, recipe)
    return {
        "adapter": files.sha256_folder(adapter_folder(run, recipe)),
        "words": files.sha256_folder(words) if words else "",
        "template": recipe.formatting.template,
    }


def reader_of(revision: Revision, context: int) -> Reader:
    """Tokenizer, template and system prompt of a revision. context: as asked for; a model may be made for less"""
    from rantau.chat import template_for
    from rantau.model.tokenizer import load_tokenizer

    recipe = read_recipe(revision.run)
    words = vocabulary_folder(revision.run, recipe) if revision.kind == "adapted" else None
    tokenizer = load_tokenizer(recipe.model, vocabulary=words)
    template = template_for(recipe.formatting, tokenizer)
    most = min(context, revision.context or context)
    return Reader(tokenizer, template, most, recipe.formatting.system_prompt, revision.digest)
