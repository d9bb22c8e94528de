"""Prompts as a model sees them, and references as far as an answer of limited length could follow them."""

from __future__ import annotations

from collections.abc import Sequence

from rantau.chat import Template, Tokenizer, encode_prompt
from rantau.errors import DataError
from rantau.recipe import Formatting
from rantau.records import Message
from rantau.stages.evaluation.items import Render


def prompt_renderer(
    template: Template,
    tokenizer: Tokenizer,
    formatting: Formatting,
    *,
    most_tokens: int | None,
    weigher: Tokenizer | None = None,
) -> Render:
    """Messages -> prompt text and token ids, by the code that training uses.

    most_tokens  a longer prompt is refused with DataError; None = no limit
    weigher      tokenizer that the limit is counted by; None = the one that writes the prompt
    """

    def render(messages: Sequence[Message]) -> tuple[str, list[int]]:
        text, ids = encode_prompt(template, tokenizer, messages, system_prompt=formatting.system_prompt)
        weighed = ids if weigher is None else weigher(text, add_special_tokens=False)["input_ids"]
        if most_tokens is not None and len(weighed) > most_tokens:
            raise DataError(
                f"The prompt has {len(weighed)} tokens; the context leaves {most_tokens} beside an answer. "
                "Shorten it, or lower evaluation.prompts.max_new_tokens."
            )
        return text, ids

    return render


def cut_reference(tokenizer: Tokenizer, reference: str, *, max_tokens: int) -> tuple[int, str]:
    """Tokens of the reference, and its first max_tokens tokens as text.

    A character whose bytes are cut apart is left out; a reference that fits is returned as it is.
    """
    ids = list(tokenizer(reference, add_special_tokens=False)["input_ids"])
    if len(ids) <= max_tokens:
        return len(ids), reference
    kept = str(tokenizer.decode(ids[:max_tokens], clean_up_tokenization_spaces=False))
    return len(ids), kept.rstrip("\N{REPLACEMENT CHARACTER}")
