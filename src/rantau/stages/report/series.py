"""A series: the numbers behind a figure. What is drawn is what the CSV says."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Series:
    """A table with a name. columns carry their unit; all rows have as many cells."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def csv(self) -> str:
        """Comma-separated, floats in full precision."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()

    def column(self, name: str) -> list[Cell]:
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        return [float(cell) for cell in self.column(name)]

    def where(self, name: str, value: Cell) -> Series:
        at = self.columns.index(name)
        return Series(self.name, self.columns, tuple(row for row in self.rows if row[at] == value))

    def groups(self, name: str) -> list[Series]:
        """One part for each value of a column, in the order of their first row."""
        return [self.where(name, value) for value in dict.fromkeys(self.column(name))]
