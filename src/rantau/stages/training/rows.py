"""The rows of a phase, as flat arrays: token ids and which of them are learnt."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Rows:
    """Token rows that have something to learn. A row holds one document, or several that do not see one another.

    ids        int32, all rows one after the other
    learnt     bool, same length; the first token of a document is never a target: nothing predicts it
    starts     int64, position of each row, and the end of the last
    left_out   rows of the file in which nothing is learnt
    parts      int32, tokens of each document, all rows one after the other
    documents  int64, place of each row's first document in parts, and the end of the last
    """

    ids: npt.NDArray[np.int32]
    learnt: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    left_out: int
    parts: npt.NDArray[np.int32]
    documents: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        part = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return self.ids[part], self.learnt[part]

    def parts_of(self, row: int) -> list[int]:
        """Tokens of each document of a row."""
        return [int(n) for n in self.parts[int(self.documents[row]) : int(self.documents[row + 1])]]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [int(n) for n in self.starts[1:] - self.starts[:-1]]

    @property
    def targets(self) -> list[int]:
        """Learnt tokens of each row."""
        return [int(self[row][1].sum()) for row in range(len(self))]


def read_rows(path: Path) -> Rows:
    """Rows of a parquet file with the columns ids, learnt and parts; without parts each row is one document.

    Raises   DataError if a row's columns differ in length
    """
    import numpy as np

    ids, learnt, starts, left_out = array("i"), bytearray(), array("q", [0]), 0
    sizes, documents = array("i"), array("q", [0])
    for row in files.read_parquet(path):
        parts = _parts(path, row)
        flags = _targets(row["learnt"], parts)
        if not any(flags):
            left_out += 1
            continue
        ids.extend(row["ids"])
        learnt.extend(flags)
        starts.append(len(ids))
        sizes.extend(parts)
        documents.append(len(sizes))
    return Rows(
        np.asarray(ids, dtype=np.int32),
        np.frombuffer(bytes(learnt), dtype=np.bool_),
        np.asarray(starts, dtype=np.int64),
        left_out,
        np.asarray(sizes, dtype=np.int32),
        np.asarray(documents, dtype=np.int64),
    )


def _parts(path: Path, row: Mapping[str, Any]) -> list[int]:
    n = len(row["ids"])
    if n != len(row["learnt"]):
        raise DataError(f"{path}: row {row['id']} has {n} ids, but {len(row['learnt'])} learnt flags.")
    parts: list[int] = row.get("parts") or [n]
    if sum(parts) != n or min(parts) < 1:
        raise DataError(f"{path}: row {row['id']} has {n} ids, but its parts have {sum(parts)}.")
    return parts


def _targets(learnt: Sequence[bool], parts: Sequence[int]) -> bytearray:
    """1 for each token that is learnt, and 0 for the first of every document."""
    flags, start = bytearray(learnt), 0
    for n in parts:
        flags[start] = 0
        start += n
    return flags
