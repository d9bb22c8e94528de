"""The part of Go's text/template that our Modelfiles use, so that a test can run them: if, range, eq, not."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rantau.records import Message

ACTION = re.compile(r"\{\{ ((?:\"(?:[^\"\\]|\\.)*\"|[^\"}])*) \}\}", re.DOTALL)


def run(template: str, messages: Sequence[Message]) -> str:
    """What Ollama sends to the model for these messages; .System is the text of the system message."""
    system = "".join(m.content for m in messages if m.role == "system")
    tokens = list(_tokens(template))
    text, rest = _block(tokens, 0, {".Messages": messages, ".System": system})
    assert rest == len(tokens), "an end too many"
    return text


def _tokens(template: str) -> Iterator[tuple[str, str]]:
    at = 0
    for found in ACTION.finditer(template):
        yield "text", template[at : found.start()]
        yield "action", found.group(1)
        at = found.end()
    assert "{{" not in template[at:]
    yield "text", template[at:]


def _block(tokens: list[tuple[str, str]], at: int, scope: dict[str, Any]) -> tuple[str, int]:
    """Text up to the else or end that closes the block, and where that stands."""
    out = ""
    while at < len(tokens):
        kind, word = tokens[at]
        if kind == "text":
            out, at = out + word, at + 1
        elif word == "end" or word.startswith("else"):
            return out, at
        elif word.startswith("if "):
            text, at = _if(tokens, at, scope)
            out += text
        elif word.startswith("range "):
            text, at = _range(tokens, at, scope)
            out += text
        else:
            out, at = out + str(_value(word, scope)), at + 1
    return out, at


def _if(tokens: list[tuple[str, str]], at: int, scope: dict[str, Any]) -> tuple[str, int]:
    out, done, word = "", False, tokens[at][1]
    while True:
        holds = not done and (
            word == "else" or bool(_value(word.removeprefix("else ").removeprefix("if "), scope))
        )
        text, at = _block(tokens, at + 1, scope)
        out, done = out + (text if holds else ""), done or holds
        word = tokens[at][1]
        if word == "end":
            return out, at + 1


def _range(tokens: list[tuple[str, str]], at: int, scope: dict[str, Any]) -> tuple[str, int]:
    number, element, where = re.fullmatch(r"range (\$\w+), (\$\w+) := (\S+)", tokens[at][1]).groups()  # type: ignore
    out = ""
    for i, message in enumerate(scope[where]):
        text, end = _block(tokens, at + 1, {**scope, number: i, element: message})
        out += text
    return out, end + 1


def _value(word: str, scope: dict[str, Any]) -> Any:
    if word.startswith('"'):
        return json.loads(word)
    if word.startswith("not "):
        return not _value(word[4:], scope)
    if word.startswith("eq "):
        left, right = re.fullmatch(r"eq (\S+) (\".*\")", word).groups()  # type: ignore
        return _value(left, scope) == _value(right, scope)
    name, _, field = word.partition(".") if word.startswith("$") else (word, "", "")
    return getattr(scope[name], field.lower()) if field else scope[name]
