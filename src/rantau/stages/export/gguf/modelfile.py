"""The Modelfile beside GGUF files: `ollama create NAME -f Modelfile`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rantau.chat import render, uses_begin_of_text
from rantau.chat.rendering import make_template
from rantau.records import Message
from rantau.stages.export.gguf.go_template import go_template, pieces_of, without_start

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

NO_TEMPLATE = (
    "# TEMPLATE is left out: the chat template does more than put words around messages. Ollama looks for a\n"
    "# template of its own that resembles it; llama.cpp and transformers run the one in the file."
)


def render_modelfile(
    names: Sequence[str], tokenizer: PreTrainedTokenizerFast, *, stops: Sequence[str], system: str | None
) -> str:
    """names  GGUF files beside it; the first is loaded
    stops  texts of the tokens that end an answer
    """
    lines = [f"FROM ./{names[0]}", *(f"# or: FROM ./{name}" for name in names[1:]), ""]
    template = ollama_template(tokenizer)
    lines += [NO_TEMPLATE if template is None else f'TEMPLATE """{template}"""', ""]
    lines += [f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in stops]
    if system is not None:
        lines.append(f"SYSTEM {_quoted(system)}")
    return "\n".join(lines) + "\n"


def ollama_template(tokenizer: PreTrainedTokenizerFast) -> str | None:
    """The tokenizer's chat template in Go's words; None if it cannot be said in them.

    The begin-of-text token is left out where the GGUF tells llama.cpp to put it: else it would stand twice.
    """
    if not isinstance(tokenizer.chat_template, str):
        return None
    template = make_template("shipped", tokenizer.chat_template, "", tokenizer)

    def said(messages: Sequence[Message], opens_answer: bool) -> str:
        return render(template, messages, add_generation_prompt=opens_answer)

    pieces = pieces_of(said)
    if pieces is None:
        return None
    return go_template(without_start(pieces, str(tokenizer.bos_token) if uses_begin_of_text(tokenizer) else ""))


def _quoted(text: str) -> str:
    """Between three quotes; three in a row become one, for the format has no way to keep them."""
    kept = text.replace('"""', '"')
    return '"""' + kept + (" " if kept.endswith('"') else "") + '"""'
