"""What a worker's engine reads, made before it starts: the run's models for CTranslate2 or llama.cpp."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from rantau.machine import detect
from rantau.model.cached import make_once
from rantau.run.progress import Progress
from rantau.serving.engines.building import Asked, Says, check_code
from rantau.serving.engines.converted import LAYOUT, find, form_of, key_of, revisions_asked
from rantau.serving.revisions import Revision, adapter_folder, read_recipe, vocabulary_folder


def convert(engine: str, asked: Asked, says: Says) -> None:
    """Makes every revision that is not there yet in the engine's form; workers that start together make it once.

    Raises   MachineError if a package is missing; ModelError if the form does not know the architecture, or says
             something else than the model
    """
    form = form_of(engine, asked)
    if form is None:
        return
    _check(form)
    for run in asked.runs:
        check_code(run, asked)
    for revision in revisions_asked(asked):
        if find(revision, form) is None:
            says(0.0, f"converting {revision.name} to {form}, once")
            make_once(key_of(revision, form), LAYOUT, revision.name, partial(_make, revision, form))


def _check(form: str) -> None:
    """Raises   MachineError, RequestError: what is missing is told before minutes of merging"""
    from rantau.errors import RequestError
    from rantau.stages.export.ctranslate2 import check_installed
    from rantau.stages.export.gguf.kinds import KINDS, check_kinds

    name, _, kind = form.partition("-")
    if name == "ctranslate2":
        check_installed()
    elif kind not in KINDS:
        raise RequestError(f"--option kind={kind}: there is no such kind of GGUF file, but {', '.join(KINDS)}.")
    else:
        check_kinds([kind])


def _make(revision: Revision, form: str, folder: Path) -> None:
    from rantau.model.base import resolve_base

    if revision.kind == "base":
        _write(resolve_base(read_recipe(revision.run).model).path, revision, form, folder)
        return
    merged = revision.run / "stages" / "export" / "merged"
    if merged.is_dir():
        _write(merged.resolve(), revision, form, folder)
        return
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        _merge(revision, Path(work) / "merged")
        _write(Path(work) / "merged", revision, form, folder)


def _merge(revision: Revision, folder: Path) -> None:
    from rantau.chat import template_for
    from rantau.model.tokenizer import load_tokenizer
    from rantau.stages.export.merged import write_merged

    recipe = read_recipe(revision.run)
    words = vocabulary_folder(revision.run, recipe)
    tokenizer = load_tokenizer(recipe.model, vocabulary=words)
    write_merged(
        folder, adapter_folder(revision.run, recipe), recipe.model, tokenizer,
        template_for(recipe.formatting, tokenizer), detect("cpu"), Progress(quiet=True), vocabulary=words,
    )  # fmt: skip


def _write(merged: Path, revision: Revision, form: str, folder: Path) -> None:
    """merged: folder of a whole model, of the base as well"""
    from rantau.stages.export.formats import write_ctranslate2, write_gguf

    threads, progress = detect("cpu").threads, Progress(quiet=True)
    name, _, kind = form.partition("-")
    if name == "ctranslate2":
        write_ctranslate2(folder, merged, threads=threads, progress=progress)
    else:
        write_gguf(folder, merged, (kind,), name="model", system=None, threads=threads, progress=progress)
