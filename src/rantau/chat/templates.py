"""Which template a recipe asks for."""

from __future__ import annotations

from dataclasses import replace

from rantau.chat.known import chatml, llama31, plain
from rantau.chat.own import own
from rantau.chat.rendering import Template
from rantau.chat.tokens import Tokenizer
from rantau.errors import ModelError
from rantau.recipe import Formatting

KNOWN = {"chatml": chatml, "llama-3.1": llama31, "plain": plain}


def template_for(formatting: Formatting, tokenizer: Tokenizer) -> Template:
    """The template of the recipe; auto is the tokenizer's own, else ChatML. The vocabulary never grows here.

    Raises   ModelError if the tokenizer is not a fast one, has no end token, or its own template is broken
    """
    if not tokenizer.is_fast:
        raise ModelError("The tokenizer has no fast version, which alone tells where in a text a token stands.")
    if formatting.template != "auto":
        return KNOWN[formatting.template](tokenizer)
    if tokenizer.chat_template:
        return own(tokenizer, formatting.system_prompt)
    template = chatml(tokenizer)
    return replace(template, notes=("The tokenizer has no chat template; ChatML is used.", *template.notes))
