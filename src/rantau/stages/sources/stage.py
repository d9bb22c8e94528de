"""gather: every source of the recipe -> documents, split into a training and a held-out side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from rantau import files
from rantau.errors import SourceError
from rantau.recipe import Recipe, Source
from rantau.records import Document, Dropped
from rantau.run.progress import Bar
from rantau.run.stage import Context, Stage
from rantau.stages.sources.documents import read_documents
from rantau.stages.sources.hub import hub_fingerprint
from rantau.stages.sources.places import find_place, is_hub
from rantau.stages.sources.split import is_held_out


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows over all sources; rows = train + heldout + dropped."""

    rows: int
    train: int
    heldout: int
    dropped: int


def gather(context: Context) -> Gathered:
    """Writes documents/, heldout/, dropped.jsonl and counts.json.

    Raises   SourceError or DataError with file and row; nothing is left out without being counted
    """
    seed: int = context.recipe.seed
    counts: dict[str, Mapping[str, object]] = {}
    dropped: list[Dropped] = []
    totals: Counter[str] = Counter()
    sizes = {s.name: _size(s, context.folder) for s in context.recipe.sources}
    with context.progress.bar("gather", sum(sizes.values())) as bar:
        for source in context.recipe.sources:
            tally = _gather_source(source, seed, context, dropped, _Meter(bar, sizes[source.name], source.name))
            counts[source.name] = tally.as_counts(source)
            totals.update(
                rows=tally.rows, train=tally.train, heldout=tally.heldout, dropped=sum(tally.dropped.values())
            )
    files.write_jsonl(context.out / "dropped.jsonl", (asdict(d) for d in dropped))
    files.write_json(context.out / "counts.json", counts)
    return Gathered(totals["rows"], totals["train"], totals["heldout"], totals["dropped"])


def peek(source: Source, folder: Path, n: int) -> list[Document]:
    """The first `n` documents of a source as they would be gathered; bad rows as the source says."""
    documents = (d for d in read_documents(source, folder) if isinstance(d, Document))
    return list(islice(documents, n))


def fingerprint(recipe: Recipe, folder: Path) -> dict[str, str]:
    """What lies outside the recipe: content hash of the files of each source, revision of hub data sets."""
    return {source.name: _fingerprint(source, folder) for source in recipe.sources}


def _fingerprint(source: Source, folder: Path) -> str:
    if is_hub(source.path):
        return hub_fingerprint(source, folder)
    return find_place(source.path, folder, shape=source.shape).fingerprint()


@dataclass(slots=True)
class _Tally:
    """Counts of one source while it is read."""

    dropped: Counter[str]
    rows: int = 0
    train: int = 0
    heldout: int = 0
    bytes_train: int = 0
    bytes_heldout: int = 0

    def as_counts(self, source: Source) -> dict[str, object]:
        return {
            "rows": self.rows,
            "kept": self.train + self.heldout,
            "train": self.train,
            "heldout": self.heldout,
            "dropped": dict(sorted(self.dropped.items())),
            "bytes_train": self.bytes_train,
            "bytes_heldout": self.bytes_heldout,
            "license": source.license,
            "origin": source.path,
        }


def _gather_source(source: Source, seed: int, context: Context, dropped: list[Dropped], meter: _Meter) -> _Tally:
    """Streams the training side to its file; the smaller held-out side waits in memory."""
    tally = _Tally(Counter())
    heldout: list[Document] = []

    def training() -> Iterator[dict[str, object]]:
        for found in read_documents(source, context.folder):
            tally.rows += 1
            meter.read(len((found.excerpt if isinstance(found, Dropped) else found.content).encode()))
            if isinstance(found, Dropped):
                tally.dropped[found.reason] += 1
                dropped.append(found)
            elif is_held_out(seed, source.name, found.group, source.holdout.share):
                heldout.append(found)
            else:
                tally.train += 1
                tally.bytes_train += len(found.content.encode())
                yield found.to_row()

    schema = files.document_schema()
    files.write_parquet(context.out / "documents" / f"{source.name}.parquet", training(), schema)
    files.write_parquet(context.out / "heldout" / f"{source.name}.parquet", (d.to_row() for d in heldout), schema)
    meter.finish()
    tally.heldout = len(heldout)
    tally.bytes_heldout = sum(len(d.content.encode()) for d in heldout)
    _check(tally, source)
    return tally


def _check(tally: _Tally, source: Source) -> None:
    assert tally.rows == tally.train + tally.heldout + sum(tally.dropped.values())
    if tally.train + tally.heldout == 0:
        reasons = ", ".join(f"{reason}: {n}" for reason, n in tally.dropped.most_common(5)) or "no rows"
        raise SourceError(
            f"source {source.name} ({source.path}): none of {tally.rows} rows is usable ({reasons}). "
            "Check shape, columns and where."
        )


class _Meter:
    """Moves the bar by the bytes read of a source, and by exactly its size in the end."""

    def __init__(self, bar: Bar, size: int, name: str) -> None:
        self._bar, self._left, self._name, self._rows = bar, size, name, 0

    def read(self, n_bytes: int) -> None:
        self._rows += 1
        step = min(n_bytes, self._left)
        self._left -= step
        self._bar.advance(step, note=f"{self._name}: {self._rows:,} rows")

    def finish(self) -> None:
        self._bar.advance(self._left)
        self._left = 0


def _size(source: Source, folder: Path) -> int:
    """Bytes of the files; 1 for a data set of a hub, whose size is not known before it is read."""
    if is_hub(source.path):
        return 1
    return sum(p.stat().st_size for _, p in find_place(source.path, folder, shape=source.shape).files)


GATHER = Stage(
    name="gather",
    version=1,
    needs=(),
    slices=("sources", "seed"),
    run=gather,
    fingerprint=fingerprint,
)
