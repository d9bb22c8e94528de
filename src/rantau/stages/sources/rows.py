"""What a reader yields: a row with its address, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rantau.errors import DataError

Unit = Literal["row", "line"]


@dataclass(frozen=True, slots=True)
class Row:
    """Values of one record as the file holds them.

    origin   source string of the recipe and file inside it
    file     name for messages
    number   line or row number in the file, from 1
    ordinal  which record of the file it is, from 1 (a line number counts blank lines too)
    """

    origin: str
    file: str
    number: int
    ordinal: int
    values: Mapping[str, object]
    unit: Unit = "row"

    @property
    def where(self) -> str:
        return f"{self.file} {self.unit} {self.number}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A record that carries no document.

    reason   short and countable: "empty text", "broken JSON"
    detail   what is wrong with this very row; None = left out by design, never an error
    """

    origin: str
    file: str
    number: int
    ordinal: int
    reason: str
    excerpt: str
    detail: str | None = None
    unit: Unit = "row"

    @property
    def where(self) -> str:
        return f"{self.file} {self.unit} {self.number}"

    def error(self, source: str) -> DataError:
        return DataError(
            f"{self.where}: {self.detail or self.reason}. "
            f"Mend it, or set on_bad_row: drop for the source {source}."
        )


def unusable(row: Row, reason: str, excerpt: str, detail: str | None = None) -> Unusable:
    return Unusable(row.origin, row.file, row.number, row.ordinal, reason, excerpt, detail, row.unit)


class BadRow(Exception):
    """Raised while a row is read as a shape; becomes an `Unusable` with the row's address."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
