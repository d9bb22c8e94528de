"""A table as Markdown."""

from __future__ import annotations

from rantau.stages.report.table import Cell, Table


def markdown_table(table: Table) -> str:
    """The caption in italics, then a pipe table; a cell's note follows its text."""
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.columns))]
    lines = [f"*{table.caption}*", "", _line(table.columns), _line(rule)]
    return "\n".join([*lines, *(_line([_text(cell) for cell in row]) for row in table.rows)])


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(cell: Cell) -> str:
    text = f"{cell.text} {cell.note}".strip()
    return " ".join(text.replace("|", "\\|").split())
