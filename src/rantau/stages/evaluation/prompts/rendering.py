"""Prompts as a model sees them, and references as far as an answer of limited length could follow them."""

from __future__ import annotations

from collections.abc import Sequence

from rantau.chat import Template, Tokenizer, encode_prompt
from rantau.errors import DataError
from rantau.recipe import Formatting
from rantau.records import Message
from rantau.stages.evaluation.prompts.items import Kept, Render


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


def cut_reference(tokenizer: Tokenizer, reference: str, *, max_tokens: int, cuts: Sequence[int] = ()) -> Kept:
    """The reference as far as max_tokens tokens reach, and as far as each of `cuts` does; one that fits is kept
    as it is."""
    ids = list(tokenizer(reference, add_special_tokens=False)["input_ids"])
    kept = decode_cuts(tokenizer, ids, reference, (max_tokens,))[str(max_tokens)]
    return Kept(len(ids), kept, decode_cuts(tokenizer, ids, reference, cuts))


def decode_cuts(tokenizer: Tokenizer, ids: Sequence[int], text: str, cuts: Sequence[int]) -> dict[str, str]:
    """ "<n>" -> the text of the first n tokens, for each n of cuts; a character whose bytes are cut apart is left
    out.

    ids   all tokens of `text`
    """
    return {str(n): text if len(ids) <= n else _beginning(tokenizer, ids[:n]) for n in cuts}


def _beginning(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    text = str(tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))
    return text.rstrip("\N{REPLACEMENT CHARACTER}")
