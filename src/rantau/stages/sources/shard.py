"""One piece of a source: its rows read, split into a training and a held-out side, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rantau import files
from rantau.recipe import Source
from rantau.records import Document, Dropped
from rantau.stages.sources.documents import Piece, read_piece
from rantau.stages.sources.split import is_held_out


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece and where its results go.

    source  the slice as JSON: a pickled model differs from process to process, and the shard's hash with it
    base    folder of the recipe
    folder  where documents, held-out documents and dropped rows are written
    """

    number: int
    source: str
    piece: Piece
    seed: int
    base: str
    folder: str

    def file(self, kind: str) -> Path:
        """train.parquet, heldout.parquet or dropped.jsonl of this shard"""
        return Path(self.folder) / f"{self.number:06d}-{kind}"


@dataclass(slots=True)
class Tally:
    """Counts of one shard or one source; rows = train + heldout + dropped."""

    rows: int = 0
    train: int = 0
    heldout: int = 0
    bytes_train: int = 0
    bytes_heldout: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        for name in ("rows", "train", "heldout", "bytes_train", "bytes_heldout"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.dropped.update(other.dropped)


def gather_shard(shard: Shard) -> Tally:
    """Streams the training side to its file; the smaller held-out side and the dropped rows wait in memory.

    Raises   SourceError or DataError with file and row
    """
    tally, heldout, dropped = Tally(), list[Document](), list[Dropped]()
    source = Source.model_validate_json(shard.source)

    def training() -> Iterator[dict[str, Any]]:
        for found in read_piece(source, shard.piece, Path(shard.base)):
            tally.rows += 1
            if isinstance(found, Dropped):
                tally.dropped[found.reason] += 1
                dropped.append(found)
            elif is_held_out(shard.seed, source.name, found.group, source.holdout.share):
                tally.bytes_heldout += len(found.content.encode())
                heldout.append(found)
            else:
                tally.train += 1
                tally.bytes_train += len(found.content.encode())
                yield found.to_row()

    schema = files.document_schema()
    files.write_parquet(shard.file("train.parquet"), training(), schema)
    files.write_parquet(shard.file("heldout.parquet"), (d.to_row() for d in heldout), schema)
    files.write_jsonl(shard.file("dropped.jsonl"), (asdict(d) for d in dropped))
    tally.heldout = len(heldout)
    assert tally.rows == tally.train + tally.heldout + tally.dropped.total()
    return tally
