"""A dialogue as token ids, and which of them are learnt: exactly the answers and the token that ends each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rantau.chat.rendering import Template, render
from rantau.chat.tokens import Tokenizer, control_token_in, ids_of
from rantau.errors import DataError, ModelError
from rantau.records import Dialogue, Message

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A dialogue for training.

    ids     token ids of the whole text
    learnt  same length; True where the token is a target of the loss
    text    the rendered dialogue
    """

    ids: list[int]
    learnt: list[bool]
    text: str


def encode(
    template: Template,
    tokenizer: Tokenizer,
    dialogue: Dialogue,
    *,
    system_prompt: str | None,
    loss_on: Literal["answers", "all"] = "answers",
) -> Encoded:
    """The dialogue as one text, tokenised once; learnt are the answers and the token that ends each.

    loss_on  all: every token is learnt but the first, which nothing precedes
    A token that straddles the border of an answer is learnt: no part of an answer is lost.
    Raises   DataError if the dialogue spells out a control token, begins with an answer, or is refused by
             the template; ModelError if the template does not write an answer as it was asked for
    """
    text, encoding, answers = _written(template, tokenizer, dialogue, system_prompt)
    ids = list(encoding["input_ids"])
    if loss_on == "all":
        return Encoded(ids, [i > 0 for i in range(len(ids))], text)
    return Encoded(ids, marked(encoding["offset_mapping"], answers), text)


def encode_answers(
    template: Template,
    tokenizer: Tokenizer,
    dialogue: Dialogue,
    *,
    system_prompt: str | None,
    last_only: bool = False,
) -> Encoded:
    """The dialogue as encode() writes it, of which the words of the answers are marked and not their end tokens.

    So that what an answer costs can be told per byte of its text, whatever closes it.
    last_only  mark the last answer alone
    Raises     as `encode`; DataError if there is nothing to mark
    """
    text, encoding, answers = _written(template, tokenizer, dialogue, system_prompt)
    spans = [(start, end - len(template.end)) for start, end in answers]
    counted = [(start, end) for start, end in (spans[-1:] if last_only else spans) if end > start]
    if not counted:
        raise DataError("A dialogue must have an answer with text, to be scored. Leave it out.")
    return Encoded(list(encoding["input_ids"]), marked(encoding["offset_mapping"], counted), text)


def _written(
    template: Template, tokenizer: Tokenizer, dialogue: Dialogue, system_prompt: str | None
) -> tuple[str, Mapping[str, Any], list[Span]]:
    """The whole text, its tokens with their offsets, and where each answer and its end token stand."""
    messages = with_system(dialogue.messages, system_prompt)
    _check(messages, tokenizer)
    text = render(template, messages, add_generation_prompt=False)
    answers = [_answer_span(template, messages, i, text) for i, m in enumerate(messages) if m.role == "assistant"]
    return text, tokenizer(text, add_special_tokens=False, return_offsets_mapping=True), answers


def encode_prompt(
    template: Template, tokenizer: Tokenizer, messages: Sequence[Message], *, system_prompt: str | None
) -> tuple[str, list[int]]:
    """Text and token ids that a model is asked to continue: the turns so far, and the opening of an answer.

    Raises   DataError as `encode`
    """
    turns = with_system(messages, system_prompt)
    _check(turns, tokenizer)
    text = render(template, turns, add_generation_prompt=True)
    return text, ids_of(tokenizer, text)


def with_system(messages: Sequence[Message], system_prompt: str | None) -> tuple[Message, ...]:
    """The messages, opened by the system prompt unless they bring a system message of their own."""
    if system_prompt is None or (messages and messages[0].role == "system"):
        return tuple(messages)
    return (Message("system", system_prompt), *messages)


def _check(messages: Sequence[Message], tokenizer: Tokenizer) -> None:
    roles = [m.role for m in messages]
    if next((r for r in roles if r != "system"), None) != "user":
        raise DataError(
            f"A dialogue must begin with a question, got the roles: {', '.join(roles) or 'none'}. "
            "Put the user's message first."
        )
    for i, message in enumerate(messages):
        token = control_token_in(tokenizer, message.content)
        if token:
            raise DataError(
                f"Message {i} ({message.role}) spells out the control token {token}, which could end a turn "
                "or open one. Remove it from the text."
            )


def _answer_span(template: Template, messages: Sequence[Message], i: int, text: str) -> Span:
    """Where answer i and its end token stand in the text of the whole dialogue."""
    before = render(template, messages[:i], add_generation_prompt=True)
    after = render(template, messages[: i + 1], add_generation_prompt=False)
    answer, end, _ = after[len(before) :].partition(template.end)
    if not after.startswith(before) or not end or answer.strip() != messages[i].content.strip():
        raise ModelError(
            f"The chat template ({template.name}) does not write message {i} as the question's prompt, the "
            f"answer and {template.end!r}, so a model would be asked in other words than it is taught. "
            "Choose formatting.template: chatml."
        )
    stop = len(before) + len(answer) + len(end)
    if not text.startswith(after[:stop]):
        raise ModelError(
            f"The chat template ({template.name}) rewrites the turns up to message {i} once later ones "
            "follow. Choose formatting.template: chatml, or split the dialogue."
        )
    return len(before), stop


def marked(offsets: Iterable[Span], spans: Sequence[Span]) -> list[bool]:
    """True for each token that shares a character with a span.

    Some tokenizers leave the space before a word out of its offsets, and the pieces of one character all
    have its offsets; so a token reaches from the end of the one before it, or from its own start if earlier.
    """
    marks, reached = [], 0
    for start, end in offsets:
        first = min(start, reached)
        reached = max(end, reached)
        last = max(reached, first + 1)
        marks.append(any(first < span_end and span_start < last for span_start, span_end in spans))
    return marks
