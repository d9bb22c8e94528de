"""The bundle: adapter, tokenizer, chat template and card in one folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rantau.errors import SourceError
from rantau.stages.export.folders import whole_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from rantau.chat import Template


def write_bundle(
    folder: Path, adapter: Path, card: Path, tokenizer: PreTrainedTokenizerFast, template: Template
) -> None:
    """Writes `folder`; plain `PeftModel.from_pretrained(base, folder)` loads it.

    Raises   SourceError if the adapter or the card is missing
    """
    with whole_folder(folder) as building:
        for source, name in [(p, p.name) for p in sorted(adapter.glob("adapter_*"))] + [(card, "README.md")]:
            if not source.is_file():
                raise SourceError(f"{source}: no such file. Run the recipe again: the stage before left it out.")
            shutil.copyfile(source, building / name)
        write_tokenizer(building, tokenizer, template)


def write_tokenizer(folder: Path, tokenizer: PreTrainedTokenizerFast, template: Template) -> None:
    """The tokenizer with the template that was trained, so that apply_chat_template writes the same text."""
    tokenizer.chat_template = template.jinja
    tokenizer.save_pretrained(folder)
