"""What other programs read, made of the merged model: which formats, and whether they can be made at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rantau import files
from rantau.errors import ModelError
from rantau.recipe import Export, Model
from rantau.run.progress import Progress
from rantau.run.stage import Context
from rantau.stages.export import ctranslate2
from rantau.stages.export.agreement import Agreement
from rantau.stages.export.gguf.architecture import architecture_of
from rantau.stages.export.gguf.kinds import check_kinds
from rantau.stages.export.gguf.split import split_name
from rantau.stages.export.gguf.write import Wanted, write_gguf_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def check_formats(asked: Export, model: Model, *, extended: bool = False) -> None:
    """extended   words are added to the tokenizer
    Raises   MachineError if a package is missing; ModelError if a format does not know the architecture, or GGUF
             the tokenizer
    """
    from rantau.model.base import config_folder

    if not (asked.gguf or asked.ctranslate2):
        return
    check_kinds(asked.gguf)
    if asked.ctranslate2:
        ctranslate2.check_installed()
    if (folder := config_folder(model)) is None:  # a .gguf that is still to be read
        return
    config = files.read_json(folder / "config.json")
    if asked.gguf:
        architecture_of(config)
        if (tokenizer := folder / "tokenizer.json").is_file():
            spec = files.read_json(tokenizer)
            spec["model"]["ignore_merges"] = extended or spec["model"].get("ignore_merges")
            split_name(spec)
    if asked.ctranslate2:
        ctranslate2.check_architecture(config)


def write_formats(out: Path, merged: Path, ctx: Context) -> None:
    """out/gguf and out/ctranslate2, as the recipe asks."""
    asked = ctx.recipe.export
    if asked.gguf:
        system, threads = ctx.recipe.formatting.system_prompt, ctx.machine.threads
        write_gguf(
            out / "gguf", merged, asked.gguf, name=ctx.recipe.name, system=system, threads=threads,
            progress=ctx.progress,
        )  # fmt: skip
    if asked.ctranslate2:
        write_ctranslate2(out / "ctranslate2", merged, threads=ctx.machine.threads, progress=ctx.progress)


def write_gguf(
    folder: Path, merged: Path, kinds: Sequence[str], *, name: str, system: str | None, threads: int,
    progress: Progress,
) -> list[Agreement]:  # fmt: skip
    """GGUF files of a merged model's folder, which brings its own tokenizer and template.

    system   system prompt for the Modelfile
    Raises   MachineError, ModelError as write_gguf_folder
    """
    wanted = Wanted(merged, name, tuple(kinds), read_tokenizer(merged), system, threads)
    found = write_gguf_folder(folder, wanted, progress)
    for one in found:
        progress.say(one.told("llama.cpp"))
    return found


def write_ctranslate2(folder: Path, merged: Path, *, threads: int, progress: Progress) -> Agreement:
    """CTranslate2's form of a merged model's folder.

    Raises   MachineError, ModelError as ctranslate2.write_ctranslate2
    """
    progress.say("export: CTranslate2 converts the merged model to int8")
    found = ctranslate2.write_ctranslate2(
        folder, merged, read_tokenizer(merged), threads=threads, progress=progress
    )
    progress.say(found.told("CTranslate2"))
    return found


def read_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Raises   ModelError if the folder has no fast tokenizer"""
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    from rantau.model.quiet import quiet_transformers

    quiet_transformers()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: its tokenizer cannot be loaded: {error}") from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{folder}: has no tokenizer.json.")
    return tokenizer
