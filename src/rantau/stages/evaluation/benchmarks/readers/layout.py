"""A layout: the files by which a published copy of a benchmark is known, and what they become."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rantau.errors import DataError

Row = dict[str, Any]
Splits = dict[str, list[Row]]
Tasks = dict[str, Splits]
"""Task of the harness -> split -> rows in its columns."""


@dataclass(frozen=True, slots=True)
class Layout:
    """needs: file names that one folder must have; columns: of the first of them, to tell it from others of its
    name; may: further names; read: rows by file name -> tasks; note: what differs from the hub's copy"""

    needs: tuple[str, ...]
    columns: tuple[str, ...]
    read: Callable[[Mapping[str, Sequence[Row]]], Tasks]
    may: tuple[str, ...] = ()
    note: str = ""


def listed(value: Any) -> list[Any]:
    """A list, also one that was written as text, as JSON or as Python prints it.

    Raises   DataError if it is neither
    """
    if isinstance(value, str):
        for parse in (json.loads, ast.literal_eval):
            try:
                value = parse(value)
                break
            except (ValueError, SyntaxError):
                continue
    if not isinstance(value, list | tuple):
        raise DataError(f"expected a list of choices, got {str(value)[:60]!r}.")
    return list(value)


def of_split(rows: Sequence[Row], column: str, value: str) -> list[Row]:
    return [row for row in rows if row[column] == value]


def set_apart(rows: Sequence[Row], n: int) -> tuple[list[Row], list[Row]]:
    """The rows without the last n, and those n: examples for a copy that has no other part."""
    n = min(n, len(rows) // 2)
    return list(rows[: len(rows) - n]), list(rows[len(rows) - n :])
