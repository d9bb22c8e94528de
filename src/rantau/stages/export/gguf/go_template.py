"""A chat template in Go's words, for Ollama: probe dialogues are written and cut at their contents."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rantau.errors import DataError
from rantau.records import Message

Render = Callable[[Sequence[Message], bool], str]
SYSTEM, FIRST, ANSWER, SECOND = "Qsystemq", "Qfirstq", "Qanswerq", "Qsecondq"


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a template writes around contents.

    opening    before a dialogue that has no system message
    before     role -> what stands before its content, with `between` left off
    after      role -> what stands after its content
    between    role -> what parts a turn from the one before it, and does not open the first turn
    prompt     what opens an answer
    """

    opening: str
    before: dict[str, str]
    after: dict[str, str]
    between: dict[str, str]
    prompt: str


def pieces_of(render: Render) -> Pieces | None:
    """The template in pieces, or None if it does more than put words around contents (dates, rewriting of turns).

    render  messages and whether to open an answer -> text
    """
    try:
        found = _cut(render)
        return found if found is not None and _holds(found, render) else None
    except (DataError, ValueError):
        return None


def _cut(render: Render) -> Pieces | None:
    user, answer, second = Message("user", FIRST), Message("assistant", ANSWER), Message("user", SECOND)
    head, after_user = _around(render([user], False), FIRST)
    prompt = _rest(render([user], True), head + FIRST + after_user)
    before_answer, after_answer = _around(render([user, answer], False), ANSWER)
    before_answer = _rest(before_answer, head + FIRST + after_user)
    before_second, _ = _around(render([user, answer, second], False), SECOND)
    before_user = _rest(before_second, head + FIRST + after_user + before_answer + ANSWER + after_answer)
    before_system, tail = _around(render([Message("system", SYSTEM), user], False), SYSTEM)
    after_system, _ = _around(tail, FIRST)
    after_system = _without_end(after_system, before_user)
    common = _common_end(head, before_user)
    opening, between = head[: len(head) - len(common)], before_user[: len(before_user) - len(common)]
    return Pieces(
        opening,
        {"system": before_system, "user": common, "assistant": before_answer},
        {"system": after_system, "user": after_user, "assistant": after_answer},
        {"system": "", "user": between, "assistant": ""},
        prompt,
    )


def _around(text: str, content: str) -> tuple[str, str]:
    if text.count(content) != 1:
        raise ValueError(content)
    before, _, after = text.partition(content)
    return before, after


def _rest(text: str, start: str) -> str:
    if not text.startswith(start):
        raise ValueError(text)
    return text[len(start) :]


def _without_end(text: str, end: str) -> str:
    if not text.endswith(end):
        raise ValueError(text)
    return text[: len(text) - len(end)]


def _common_end(one: str, other: str) -> str:
    size = 0
    while size < min(len(one), len(other)) and one[len(one) - 1 - size] == other[len(other) - 1 - size]:
        size += 1
    return one[len(one) - size :]


def write(pieces: Pieces, messages: Sequence[Message], *, prompt: bool) -> str:
    """What `go_template(pieces)` makes of the messages: the same steps in Python."""
    text = "" if any(m.role == "system" for m in messages) else pieces.opening
    for number, message in enumerate(messages):
        text += pieces.between[message.role] if number else ""
        text += pieces.before[message.role] + message.content + pieces.after[message.role]
    return text + (pieces.prompt if prompt else "")


def _holds(pieces: Pieces, render: Render) -> bool:
    """True if the pieces write other dialogues as the template does."""
    system, turns = Message("system", "Jawab singkat."), []
    for number in range(3):
        turns += [Message("user", f"Apa {number}?"), Message("assistant", f"Itu {number}.")]
    for dialogue in (turns[:1], turns[:5], [system, *turns[:1]], [system, *turns[:3]]):
        if write(pieces, dialogue, prompt=True) != render(dialogue, True):
            return False
    return True


def without_start(pieces: Pieces, token: str) -> Pieces:
    """The pieces without the begin-of-text token, for programs that put it there themselves."""
    if not token:
        return pieces
    before = {**pieces.before, "system": pieces.before["system"].removeprefix(token)}
    return Pieces(pieces.opening.removeprefix(token), before, pieces.after, pieces.between, pieces.prompt)


def go_template(pieces: Pieces) -> str:
    """The text of Ollama's TEMPLATE. Ollama puts the Modelfile's SYSTEM into .Messages as their first."""
    branches = []
    for role in ("system", "user", "assistant"):
        between = pieces.between[role]
        parting = "{{ if $i }}" + _literal(between) + "{{ end }}" if between else ""
        content = _literal(pieces.before[role]) + "{{ $m.Content }}" + _literal(pieces.after[role])
        branches.append('if eq $m.Role "' + role + '" }}' + parting + content)
    opening = "{{ if not .System }}" + _literal(pieces.opening) + "{{ end }}" if pieces.opening else ""
    turns = "{{ range $i, $m := .Messages }}{{ " + "{{ else ".join(branches) + "{{ end }}{{ end }}"
    return opening + turns + _literal(pieces.prompt)


def _literal(text: str) -> str:
    """Plain text of a Go template; where it would be read as an action or a quote, a quoted string."""
    return "{{ " + json.dumps(text, ensure_ascii=False) + " }}" if "{{" in text or '"""' in text else text
