"""A talk as the tokens that a model goes on from. What people type stays text, control tokens too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rantau.chat import Template, control_token_in, encode_prompt, render, with_system
from rantau.errors import DataError
from rantau.records import Message
from rantau.serving.engines.engine import Refused
from rantau.serving.protocol import Job

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

MARK = "\ue000{}\ue001"
"""Stands for a message while the template is written; private-use characters, so that no template changes them."""


def prompt_ids(
    job: Job, template: Template, tokenizer: PreTrainedTokenizerFast, *, system_prompt: str | None
) -> list[int]:
    """The turns so far and the opening of an answer, as the model was taught them; without job.begun.

    system_prompt  put before a talk that brings none
    Raises         Refused (bad_prompt) if the talk does not begin with a question, or the template refuses it
    """
    messages = [Message(m["role"], m["content"]) for m in job.messages]  # type: ignore[arg-type]
    try:
        if not any(control_token_in(tokenizer, m.content) for m in messages):
            return encode_prompt(template, tokenizer, messages, system_prompt=system_prompt)[1]
        return _apart(messages, template, tokenizer, system_prompt)
    except DataError as error:
        raise Refused("bad_prompt", str(error)) from error


def begun_ids(job: Job, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Tokens of the answer that is continued; of its text where nobody kept them."""
    return list(job.begun) or (as_text(job.begun_text, tokenizer) if job.begun_text else [])


def _apart(
    messages: Sequence[Message], template: Template, tokenizer: PreTrainedTokenizerFast, system_prompt: str | None
) -> list[int]:
    """The template's words and each message's own, encoded apart: only the former may open and end turns."""
    turns = with_system(messages, system_prompt)
    marked = [Message(turn.role, MARK.format(n)) for n, turn in enumerate(turns)]
    encode_prompt(template, tokenizer, marked, system_prompt=None)  # refuses what no talk may be
    rest = render(template, marked, add_generation_prompt=True)
    ids: list[int] = []
    for n, turn in enumerate(turns):
        before, mark, rest = rest.partition(MARK.format(n))
        if not mark:
            raise DataError(f"The chat template ({template.name}) leaves out message {n}. Remove control tokens.")
        ids += tokenizer.encode(before, add_special_tokens=False)
        ids += as_text(turn.content.strip(), tokenizer)
    ids += tokenizer.encode(rest, add_special_tokens=False)
    return ids


def as_text(text: str, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Cut behind the first character of every control token, so that none is found: tokenizers know no other way
    for the markers that they do not call special."""
    ids: list[int] = []
    while found := control_token_in(tokenizer, text):
        cut = text.index(found) + 1
        ids += tokenizer.encode(text[:cut], add_special_tokens=False)
        text = text[cut:]
    ids += tokenizer.encode(text, add_special_tokens=False)
    return ids
