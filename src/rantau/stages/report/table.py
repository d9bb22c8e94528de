"""A table: facts in rows and columns, written once for the page and the card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """note: small text below, a line each; tag: what a change amounts to (a key of `effect` in the words);
    code: to be shown letter by letter"""

    text: str
    note: str = ""
    tag: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The first cell of a row names it. numeric: positions of columns that are right-aligned."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: tuple[int, ...] = ()


def table_of(
    caption: str, columns: str, rows: Iterable[Iterable[Cell | str]], *, numeric: Iterable[int] = ()
) -> Table:
    """columns: names separated by |"""
    cells = tuple(tuple(c if isinstance(c, Cell) else Cell(c) for c in row) for row in rows)
    return Table(caption, tuple(columns.split("|")), cells, tuple(numeric))
