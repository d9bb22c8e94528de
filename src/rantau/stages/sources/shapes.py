"""How a row is read: Cendol, messages, ShareGPT, Alpaca, prompt/completion, preference, or running text."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rantau.records import ROLES, Dialogue, Message, Role
from rantau.stages.sources.rows import BadRow

Values = Mapping[str, object]
SHAREGPT_ROLES: Mapping[str, Role] = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """What a row says: running text, or a dialogue; `read` names the columns that it came from.

    rejected  of a preference: the answer that was not chosen
    """

    text: str
    dialogue: Dialogue | None
    read: frozenset[str]
    rejected: str | None = None


def recognise(columns: frozenset[str]) -> str | None:
    """Name of the first shape whose columns are all there, the most telling first."""
    if "messages" in columns:
        return "messages"
    if "conversations" in columns:
        return "sharegpt"
    if {"chosen", "rejected"} <= columns:
        return "preference"
    if {"instruction", "output"} <= columns:
        return "alpaca"
    if {"input", "output"} <= columns:
        return "cendol"
    if "prompt" in columns and columns & {"completion", "response"}:
        return "prompt_completion"
    return "text" if "text" in columns else None


def read_content(shape: str, values: Values) -> Content:
    """The row as text or dialogue.

    Raises   BadRow with a countable reason
    """
    return READERS[shape](values)


def _text(values: Values) -> Content:
    return Content(_filled(values, "text"), None, frozenset({"text"}))


def _cendol(values: Values) -> Content:
    return _exchange(_filled(values, "input"), _filled(values, "output"), "input", "output")


def _alpaca(values: Values) -> Content:
    question = _filled(values, "instruction")
    further = values.get("input") or ""
    if not isinstance(further, str):
        raise BadRow("not a string", f'"input" is {_kind(further)}, not a string')
    if further.strip():
        question = f"{question}\n\n{further}"
    return _exchange(question, _filled(values, "output"), "instruction", "input", "output")


def _prompt_completion(values: Values) -> Content:
    answer = "completion" if "completion" in values or "response" not in values else "response"
    return _exchange(_filled(values, "prompt"), _filled(values, answer), "prompt", answer)


def _exchange(question: str, answer: str, *columns: str) -> Content:
    dialogue = Dialogue((Message("user", question), Message("assistant", answer)))
    return Content("", dialogue, frozenset(columns))


def _messages(values: Values) -> Content:
    return _turns(values, "messages", "role", "content", {role: role for role in ROLES})


def _sharegpt(values: Values) -> Content:
    return _turns(values, "conversations", "from", "value", SHAREGPT_ROLES)


def _preference(values: Values) -> Content:
    """Rows as TRL has them: chosen and rejected are texts beside a prompt, or lists of turns, with the prompt in
    a column of its own or as the turns that both begin with."""
    sides = {name: _side(values, name) for name in ("chosen", "rejected")}
    (asked, chosen), (asked_too, rejected) = sides["chosen"], sides["rejected"]
    if asked != asked_too:
        raise BadRow("two prompts", '"chosen" and "rejected" do not answer the same turns')
    if chosen == rejected:
        raise BadRow("no preference", '"chosen" and "rejected" are the same answer')
    dialogue = Dialogue((*asked, Message("assistant", chosen)))
    return Content("", dialogue, frozenset({"prompt", "chosen", "rejected"} & values.keys()), rejected)


def _side(values: Values, column: str) -> tuple[tuple[Message, ...], str]:
    """The turns before an answer, and the answer."""
    prompt, answer = values.get("prompt"), _present(values, column)
    before = prompt if isinstance(prompt, list) else []
    if isinstance(answer, str):
        if not before:
            before = [{"role": "user", "content": _filled(values, "prompt")}]
        answer = [{"role": "assistant", "content": _filled(values, column)}]
    elif isinstance(prompt, str) and prompt.strip() and len(answer if isinstance(answer, list) else []) == 1:
        before = [{"role": "user", "content": prompt}]
    turns = [*before, *answer] if isinstance(answer, list) else answer
    found = _turns({column: turns}, column, "role", "content", {role: role for role in ROLES}).dialogue
    assert found is not None
    return found.messages[:-1], found.messages[-1].content


def _turns(values: Values, column: str, who: str, what: str, roles: Mapping[str, Role]) -> Content:
    turns = _present(values, column)
    if not isinstance(turns, list) or not turns:
        raise BadRow("no turns", f'"{column}" is not a list of turns ({_kind(turns)})')
    messages = tuple(_turn(turn, n, column, who, what, roles) for n, turn in enumerate(turns, start=1))
    spoken = [m.role for m in messages if m.role != "system"]
    if any(m.role == "system" for m in messages[1:]):
        raise BadRow("system turn inside", f'"{column}" has a system turn that is not the first')
    if not spoken or any(role != ("user", "assistant")[i % 2] for i, role in enumerate(spoken)):
        raise BadRow("turns do not alternate", f'"{column}" does not alternate user, assistant from user on')
    if spoken[-1] != "assistant":
        raise BadRow("no answer at the end", f'"{column}" ends on a user turn')
    return Content("", Dialogue(messages), frozenset({column}))


def _turn(turn: object, n: int, column: str, who: str, what: str, roles: Mapping[str, Role]) -> Message:
    if not isinstance(turn, dict) or who not in turn or what not in turn:
        raise BadRow("broken turn", f'"{column}" turn {n} needs the keys {who} and {what}')
    role = roles.get(str(turn[who]))
    if role is None:
        known = ", ".join(roles)
        raise BadRow("unknown role", f'"{column}" turn {n}: unknown role {str(turn[who])!r}; known: {known}')
    content = turn[what]
    if not isinstance(content, str):
        raise BadRow("not a string", f'"{column}" turn {n} is {_kind(content)}, not a string')
    if not content.strip():
        raise BadRow("empty turn", f'"{column}" turn {n} is empty')
    return Message(role, content)


def _filled(values: Values, column: str) -> str:
    value = _present(values, column)
    if value is None:
        raise BadRow(f"empty {column}", f'"{column}" is null')
    if not isinstance(value, str):
        raise BadRow("not a string", f'"{column}" is {_kind(value)}, not a string')
    if not value.strip():
        raise BadRow(f"empty {column}", f'"{column}" is empty')
    return value


def _present(values: Values, column: str) -> object:
    if column not in values:
        raise BadRow(f"missing column {column}", missing(column, values))
    return values[column]


def missing(column: str, values: Values) -> str:
    """ "no column "output"; did you mean "outputs"? Then write columns: {output: outputs}." """
    near = difflib.get_close_matches(column, list(values), n=1, cutoff=0.6)
    if near:
        return f'no column "{column}"; did you mean "{near[0]}"? Then write columns: {{{column}: {near[0]}}}'
    return f'no column "{column}"; there are {", ".join(values) or "none"}'


def _kind(value: object) -> str:
    names = {"NoneType": "null", "int": "a number", "float": "a number", "bool": "a truth value"}
    name = type(value).__name__
    return names.get(name, f"a {name}")


READERS: Mapping[str, Callable[[Values], Content]] = {
    "text": _text,
    "cendol": _cendol,
    "alpaca": _alpaca,
    "prompt_completion": _prompt_completion,
    "messages": _messages,
    "preference": _preference,
    "sharegpt": _sharegpt,
}
