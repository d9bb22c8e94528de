"""Dialogues of which only the answers are scored, each after its prompt and in the chat template."""

from __future__ import annotations

from rantau.chat import Template, Tokenizer, encode_answers
from rantau.recipe import Formatting
from rantau.records import Dialogue, Message
from rantau.stages.evaluation.likelihood.cuts import cut_to_bytes
from rantau.stages.evaluation.likelihood.marked import Marked


def cut_answers(dialogue: Dialogue, max_bytes: int) -> Dialogue | None:
    """The turns up to the answer in which the answers reach max_bytes UTF-8 bytes, that answer cut there.

    Returns   None if no answer with text is left
    """
    kept: list[Message] = []
    ends, left = 0, max_bytes
    for message in dialogue.messages:
        if message.role != "assistant":
            kept.append(message)
            continue
        content = cut_to_bytes(message.content, left)
        if content.strip():
            kept.append(Message("assistant", content.rstrip()))
            ends, left = len(kept), left - len(content.encode())
        if content != message.content or not content.strip():
            break
    return Dialogue(tuple(kept[:ends])) if ends else None


def answers_of(dialogue: Dialogue) -> str:
    """The scored text: the answers one after the other, so that its bytes are theirs alone."""
    return "".join(m.content.strip() for m in dialogue.messages if m.role == "assistant")


def mark_answers(
    template: Template,
    tokenizer: Tokenizer,
    formatting: Formatting,
    dialogue: Dialogue,
    *,
    last_only: bool = False,
) -> Marked:
    """The dialogue as a model is taught it, the words of its answers marked and not the tokens that end them.

    last_only  mark the last answer alone
    Raises     DataError if the template refuses the dialogue, or it spells out a control token
    """
    encoded = encode_answers(
        template, tokenizer, dialogue, system_prompt=formatting.system_prompt, last_only=last_only
    )
    return Marked(tuple(encoded.ids), tuple(encoded.learnt))
