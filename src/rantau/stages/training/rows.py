"""The rows of a phase, as flat arrays: token ids and which of them are learnt."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rantau import files
from rantau.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Rows:
    """Token rows that have something to learn.

    ids       int32, all rows one after the other
    learnt    bool, same length; the first token of a row is never a target: nothing predicts it
    starts    int64, position of each row, and the end of the last
    left_out  rows of the file in which nothing is learnt
    """

    ids: npt.NDArray[np.int32]
    learnt: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    left_out: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        part = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return self.ids[part], self.learnt[part]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [int(n) for n in self.starts[1:] - self.starts[:-1]]

    @property
    def targets(self) -> list[int]:
        """Learnt tokens of each row."""
        return [int(self[row][1].sum()) for row in range(len(self))]


def read_rows(path: Path) -> Rows:
    """Rows of a parquet file with the columns ids and learnt.

    Raises   DataError if a row's two columns differ in length
    """
    import numpy as np

    ids, learnt, starts, left_out = array("i"), bytearray(), array("q", [0]), 0
    for row in files.read_parquet(path):
        if len(row["ids"]) != len(row["learnt"]):
            raise DataError(
                f"{path}: row {row['id']} has {len(row['ids'])} ids, but {len(row['learnt'])} learnt flags."
            )
        if not any(row["learnt"][1:]):
            left_out += 1
            continue
        ids.extend(row["ids"])
        learnt.append(0)
        learnt.extend(row["learnt"][1:])
        starts.append(len(ids))
    return Rows(
        np.asarray(ids, dtype=np.int32),
        np.frombuffer(bytes(learnt), dtype=np.bool_),
        np.asarray(starts, dtype=np.int64),
        left_out,
    )
