"""Codes of errors, read from the source: whatever the server may answer, the pages have words for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import rantau

ROOT = Path(rantau.__file__).parent
FOLDERS = ("web", "serving")
FOR_PROGRAMS = ("Refusal",)
"""Errors in OpenAI's shape: only programs that have a key are told them."""
CODE = re.compile(r"[a-z][a-z_]+")
PLACE = {"Rejected": 0, "Refused": 0, "BadFrame": 0, "_refuse": 0, "refusal": 0, "refuse": 1, "error": 1,
         "Over": 1, "_told": 2, "End": 3}  # fmt: skip
"""Where a call says its code."""


def codes() -> dict[str, str]:
    """Code -> a file that says it."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= dict.fromkeys(_said(tree), path.name)
        for path in sorted((ROOT / folder).rglob("*.lua")):
            words = path.read_text(encoding="utf-8")
            found |= dict.fromkeys(re.findall(r"'error', 'failed', '(\w+)'", words), path.name)
    return dict(sorted(found.items()))


def _said(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield from _texts(value)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            yield from _of_constant(node.value)


def _of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in FOR_PROGRAMS:
        return
    if name in PLACE and len(call.args) > PLACE[name]:
        yield from _texts(call.args[PLACE[name]])
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield from _texts(keyword.value)


def _of_constant(made: ast.Tuple) -> Iterator[str]:
    """(429, "too_many", "Words.") or ("origin", "Words.")"""
    values = [each.value for each in made.elts if isinstance(each, ast.Constant)]
    if len(values) != len(made.elts):
        return
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == 2 and CODE.fullmatch(texts[0]) and texts[1].endswith("."):
        yield texts[0]


def _texts(value: ast.expr) -> Iterator[str]:
    """The constants that an expression may be."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and CODE.fullmatch(value.value):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)
    elif isinstance(value, ast.BoolOp):
        for each in value.values:
            yield from _texts(each)
