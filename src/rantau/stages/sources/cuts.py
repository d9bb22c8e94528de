"""Files cut into runs of records, so that one large file can be read by several processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rantau import files

CUT_ROWS = 65_536
"""A run lies inside one row group of a parquet file, and the rows before it there are decoded in vain."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Records of one file.

    group        row group of a parquet file
    start, stop  rows of that group, or bytes of JSON lines; stop None = the whole file: the only cut of
                 other kinds, and of a file without any record
    number       lines (rows of parquet) before it
    ordinal      records before it
    """

    group: int = 0
    start: int = 0
    stop: int | None = None
    number: int = 0
    ordinal: int = 0


WHOLE = Cut()


def cuts_of(path: Path, *, rows: int = CUT_ROWS) -> Iterator[Cut]:
    """Cuts in file order, found as they are asked for; together they are the file.

    Raises   DataError if a parquet file is damaged
    """
    kind = path.suffix.lower()
    if kind == ".parquet":
        return _of_parquet(path, rows)
    if kind in (".jsonl", ".ndjson"):
        return _of_lines(path, rows)
    return iter([WHOLE])


def _of_parquet(path: Path, rows: int) -> Iterator[Cut]:
    before = 0
    for group, n in enumerate(files.group_sizes(path)):
        for start in range(0, n, rows):
            stop = min(start + rows, n)
            yield Cut(group, start, stop, before + start, before + start)
        before += n
    if before == 0:
        yield WHOLE


def _of_lines(path: Path, rows: int) -> Iterator[Cut]:
    start = at = number = ordinal = 0
    first = (0, 0)
    with path.open("rb") as handle:
        for line in handle:
            at += len(line)
            number += 1
            ordinal += bool(line.strip())
            if number - first[0] == rows:
                yield Cut(0, start, at, *first)
                start, first = at, (number, ordinal)
    if ordinal == 0:
        yield WHOLE
    elif at > start:
        yield Cut(0, start, at, *first)
