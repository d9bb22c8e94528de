"""Prose of Python's own manual: `pydoc_data/topics.py`, a dict of rendered pages, read without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from rantau import files
from rantau.errors import DataError
from rantau.stages.sources.rows import Row, Unusable

MIN_WORDS = 12
CODE = re.compile(r"::=|>>>|==+|\|  |--+\s|^\s*(?:(?:def|class|for|if|while|with) .*:|import \w+)$", re.MULTILINE)
PROSE_WORD = re.compile(r"^[\"'(*‘“]*[A-Za-z]+(?:['’-][A-Za-z]+)*[\"'),.;:*?!’”]*$")


def read_topics(origin: str, path: Path) -> Iterator[Row | Unusable]:
    """One document for each paragraph of prose; code, tables, grammar and headings are left out and counted."""
    number = 0
    for topic, page in sorted(_pages(origin, path).items()):
        for paragraph in re.split(r"\n[ \t]*\n", page):
            if not paragraph.strip():
                continue
            number += 1
            reason = _not_prose(paragraph)
            if reason:
                yield Unusable(origin, path.name, number, number, reason, paragraph.strip()[:200])
            else:
                yield Row(origin, path.name, number, number, {"text": _flowing(paragraph), "topic": topic})


def _pages(origin: str, path: Path) -> dict[str, str]:
    try:
        tree = ast.parse(files.read_text(path))
        literals = [n.value for n in tree.body if isinstance(n, ast.Assign | ast.AnnAssign) and n.value]
        pages = ast.literal_eval(literals[-1])
    except (SyntaxError, ValueError, IndexError) as error:
        raise DataError(f"{origin}: is not a module that sets one dict of texts ({error}).") from error
    if not isinstance(pages, dict) or not all(isinstance(page, str) for page in pages.values()):
        raise DataError(f"{origin}: is not a module that sets one dict of texts.")
    return pages


def _not_prose(paragraph: str) -> str | None:
    lines = paragraph.strip("\n").split("\n")
    words = paragraph.split()
    if CODE.search(paragraph) or len({len(x) - len(x.lstrip()) for x in _body(lines)}) > 1:
        return "code, table or heading"
    if len(words) < MIN_WORDS:
        return f"fewer than {MIN_WORDS} words"
    if sum(bool(PROSE_WORD.match(w)) for w in words) < 0.7 * len(words):
        return "code, table or heading"
    if not re.search(r"[.?!][\"')’]*$", paragraph.strip()):
        return "no sentence end"
    return None


def _body(lines: list[str]) -> list[str]:
    """Lines of an item of a list hang below its mark, which is no indentation of code."""
    return lines[1:] if re.match(r"\s*(\*|\d+\.|\(\d+\)|\[\d+\]) ", lines[0]) else lines


def _flowing(paragraph: str) -> str:
    text = " ".join(paragraph.split())
    text = re.sub(r"^(\*|\d+\.|\(\d+\)|\[\d+\]) ", "", text)
    text = re.sub(r"(?<=[.!?]) \[\d+\]|\s*\[\d+\](?=[.,;:)]|$)", "", text)
    return re.sub(r"(?<!\w)\*([A-Za-z_][\w -]*)\*(?!\w)", r"\1", text)
