"""Rows that a broken prompt template made: unfilled placeholders, printed lists, choices that never change.

Seen in the Cendol collection: `answer_choice[label]` as the answer, a Python list printed into the question,
and an Indonesian TruthfulQA whose 817 questions share one set of choices.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from rantau.records import Message
from rantau.stages.sources.rows import BadRow, Row, Unusable

PLACEHOLDERS = (
    re.compile(r"\banswer_choices?\s*\[[^\]\n]{0,40}\]"),
    re.compile(r"\{\{-?\s*[A-Za-z_][\w.]*(\[[^\]\n]{1,40}\])?(\s*\|\s*\w+(\([^)\n]{0,40}\))?)*\s*-?\}\}"),
    re.compile(r"\{%-?\s*(if|for|else|elif|endif|endfor|set|raw)\b[^%\n]{0,80}%\}"),
)
QUOTED_LIST = re.compile(r"\"(\[(?:'[^\n]*'|\\?\"[^\n]*\")\])\"")
FEWEST_ROWS = 3


def refuse_template_defects(messages: Iterable[Message]) -> None:
    """Raises BadRow if a turn shows that its template went wrong."""
    for message in messages:
        for pattern in PLACEHOLDERS:
            if found := pattern.search(message.content):
                detail = f"the {message.role} turn holds the unfilled placeholder {found[0][:60]!r}"
                raise BadRow("template placeholder", detail)
        printed = message.content if message.role == "assistant" else _quoted(message.content)
        if _is_printed_list(printed):
            raise BadRow("printed list", f"the {message.role} turn prints a Python list: {printed.strip()[:60]!r}")


def _quoted(text: str) -> str:
    found = QUOTED_LIST.search(text)
    return found[1] if found else ""


def _is_printed_list(text: str) -> bool:
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return False
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def refuse_mismatched_labels(values: Mapping[str, object]) -> None:
    """Raises BadRow if a list of labels is not as long as its list of choices."""
    for column, choices in values.items():
        labels = values.get(column.removesuffix("choices") + "labels")
        if not (column.endswith("choices") and isinstance(choices, list) and isinstance(labels, list)):
            continue
        if len(choices) != len(labels):
            detail = f'"{column}" has {len(choices)} entries but {len(labels)} labels'
            raise BadRow("labels do not match choices", detail)


def constant_choices(rows: Iterable[Row | Unusable]) -> frozenset[str]:
    """Columns of answer choices that are the same in every row of a file; stops as soon as none is left."""
    first: dict[str, object] = {}
    n = 0
    for row in rows:
        if isinstance(row, Unusable):
            continue
        n += 1
        if n == 1:
            first = {c: v for c, v in row.values.items() if c.endswith("choices") and isinstance(v, list)}
        first = {c: v for c, v in first.items() if row.values.get(c) == v}
        if not first:
            break
    return frozenset(first) if n >= FEWEST_ROWS else frozenset()


def refuse_constant_choices(values: Mapping[str, object], constant: frozenset[str]) -> None:
    for column in sorted(constant & values.keys()):
        raise BadRow("same choices in every row", f'"{column}" is the same in every row of the file')
