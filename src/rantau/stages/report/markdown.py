"""Tables as Markdown; nothing in a cell can break the table."""

from __future__ import annotations

import html

from rantau.stages.report.table import Cell, Table
from rantau.stages.report.wording import ENGLISH, Wording


def as_markdown(table: Table, words: Wording = ENGLISH) -> str:
    """A pipe table without caption; notes and what a change amounts to follow their text."""
    align = ["---:" if i in table.numeric else "---" for i in range(len(table.columns))]
    lines = [table.columns, align, *([_cell(c, words) for c in row] for row in table.rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(cell: Cell, words: Wording) -> str:
    told = "; ".join(cell.note.split("\n"))
    note = f" {told}" if told.startswith("[") else f" ({told})" if told else ""
    tag = f", {words(f'effect.{cell.tag}')}" if cell.tag else ""
    if cell.code and cell.text:
        return f"`{_coded(cell.text)}` {escaped(note)}".rstrip()
    return escaped(f"{cell.text}{note}{tag}".removeprefix(", "))


def _coded(text: str) -> str:
    """For code marks in a table: one line, no mark that would end them, a bar that does not end the cell."""
    return " ".join(text.split()).replace("`", "'").replace("|", "\\|")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    one_line = html.escape(" ".join(text.split()), quote=False).replace("\\", "\\\\")
    for mark in "|*_`[]":
        one_line = one_line.replace(mark, f"\\{mark}")
    return one_line
