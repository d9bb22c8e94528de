"""A template, and the text that it makes of messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rantau.chat.tokens import END_OF_TEXT, Tokenizer, control, ids_of
from rantau.errors import DataError
from rantau.records import Message


@dataclass(frozen=True, slots=True)
class Template:
    """How dialogues are written as text.

    name       own (the tokenizer's), chatml, llama-3.1 or plain
    jinja      the template, to be shipped with the model: other programs that use it write the same text
    end        what closes an answer; learnt
    stop_ids   token ids at which generation must stop: the end of an answer, eos, the end of a document
    notes      what a reader of the report should know, in sentences
    tokenizer  whose sandbox renders it
    """

    name: str
    jinja: str
    end: str
    stop_ids: tuple[int, ...]
    notes: tuple[str, ...]
    tokenizer: Tokenizer = field(repr=False, compare=False)


def make_template(
    name: str, jinja: str, end: str, tokenizer: Tokenizer, *, notes: tuple[str, ...] = ()
) -> Template:
    ids = control(tokenizer).ids
    stops = {ids[t] for t in END_OF_TEXT if t in ids} | set(ids_of(tokenizer, end)[-1:])
    stops |= {tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set()
    return Template(name, jinja, end, tuple(sorted(stops)), notes, tokenizer)


def render(template: Template, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
    """The messages as one text, as transformers' apply_chat_template writes it in its sandbox.

    add_generation_prompt  end with the words that open an answer
    Raises                 DataError if the template refuses the messages
    """
    from jinja2.exceptions import TemplateError

    turns = [{"role": m.role, "content": m.content} for m in messages]
    try:
        text = template.tokenizer.apply_chat_template(
            turns, chat_template=template.jinja, tokenize=False, add_generation_prompt=add_generation_prompt
        )
    except TemplateError as error:
        raise DataError(
            f"The chat template ({template.name}) refuses a dialogue of {len(turns)} messages "
            f"({', '.join(m.role for m in messages)}): {error}. Mend the row, or choose formatting.template: "
            "chatml."
        ) from error
    return str(text)
