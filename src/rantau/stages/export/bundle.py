"""The bundle: adapter, tokenizer, chat template and card in one folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rantau.errors import SourceError
from rantau.model.vocabulary import WORDS_FILE
from rantau.stages.export.folders import whole_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from rantau.chat import Template


def write_bundle(
    folder: Path, adapter: Path, card: Path, tokenizer: PreTrainedTokenizerFast, template: Template,
    vocabulary: Path | None = None,
) -> None:  # fmt: skip
    """Writes `folder`; plain `PeftModel.from_pretrained(base, folder)` loads it. With init: loftq the base must
    be loaded in nf4, as the code on the card does.

    vocabulary  folder of the stage that added words; their list goes along. The base then needs as many rows
                before the adapter is loaded (see model/vocabulary.py)
    Raises   SourceError if the adapter or the card is missing
    """
    with whole_folder(folder) as building:
        shipped = [*sorted(adapter.glob("adapter_*")), *([vocabulary / WORDS_FILE] if vocabulary else [])]
        for source, name in [*((path, path.name) for path in shipped), (card, "README.md")]:
            if not source.is_file():
                raise SourceError(f"{source}: no such file. Run the recipe again: the stage before left it out.")
            shutil.copyfile(source, building / name)
        write_tokenizer(building, tokenizer, template)


def write_tokenizer(folder: Path, tokenizer: PreTrainedTokenizerFast, template: Template) -> None:
    """The tokenizer with the template that was trained, so that apply_chat_template writes the same text."""
    tokenizer.chat_template = template.jinja
    tokenizer.save_pretrained(folder)
