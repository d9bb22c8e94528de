"""gather: every source of the recipe -> documents, split into a training and a held-out side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import SourceError
from rantau.recipe import Recipe, Source
from rantau.records import Document
from rantau.run.engine import map_shards
from rantau.run.stage import Context, Stage
from rantau.stages.sources.documents import pieces_of, read_documents
from rantau.stages.sources.hub import hub_fingerprint
from rantau.stages.sources.places import find_place, is_hub
from rantau.stages.sources.shard import Shard, Tally, gather_shard

SCRATCH = "shards"
ONE_PROCESS_BYTES = 4 * 2**20
"""Less is read sooner than a second process starts."""


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
    sources: list[Source] = context.recipe.sources
    shards = _shards(sources, context)
    tallies = map_shards(
        gather_shard,
        [s for of_source in shards.values() for s in of_source],
        workers=context.machine.workers if _is_large(sources, context.folder) else 1,
        cluster=context.machine.cluster,
        folder=context.out / SCRATCH / "facts",
        progress=context.progress,
        title="gather",
    )
    totals = _by_source(shards, tallies)
    for source in sources:
        _check(totals[source.name], source)
        _join(context.out, source.name, shards[source.name])
    files.write_jsonl(context.out / "dropped.jsonl", _dropped(shards))
    files.write_json(context.out / "counts.json", {s.name: _counts(totals[s.name], s) for s in sources})
    total = Tally()
    for tally in totals.values():
        total.add(tally)
    return Gathered(total.rows, total.train, total.heldout, total.dropped.total())


def _shards(sources: list[Source], context: Context) -> dict[str, list[Shard]]:
    scratch, seed = context.out / SCRATCH, context.recipe.seed
    scratch.mkdir(parents=True, exist_ok=True)
    shards: dict[str, list[Shard]] = {}
    numbers = count()
    for source in sources:
        asked = source.model_dump_json()
        shards[source.name] = [
            Shard(next(numbers), asked, piece, seed, str(context.folder), str(scratch))
            for piece in pieces_of(source, context.folder)
        ]
    return shards


def _is_large(sources: list[Source], folder: Path) -> bool:
    places = [find_place(s.path, folder, shape=s.shape) for s in sources if not is_hub(s.path)]
    return sum(path.stat().st_size for place in places for _, path in place.files) > ONE_PROCESS_BYTES


def _by_source(shards: dict[str, list[Shard]], tallies: Sequence[Tally]) -> dict[str, Tally]:
    totals = {name: Tally() for name in shards}
    names = [name for name, of_source in shards.items() for _ in of_source]
    for name, tally in zip(names, tallies, strict=True):
        totals[name].add(tally)
    return totals


def _join(out: Path, name: str, shards: Sequence[Shard]) -> None:
    schema = files.document_schema()
    for kind, side in (("train.parquet", "documents"), ("heldout.parquet", "heldout")):
        files.join_parquet(out / side / f"{name}.parquet", [s.file(kind) for s in shards], schema)


def _dropped(shards: dict[str, list[Shard]]) -> Iterator[dict[str, Any]]:
    for of_source in shards.values():
        for shard in of_source:
            yield from files.read_appended_jsonl(shard.file("dropped.jsonl"))


def _counts(tally: Tally, source: Source) -> dict[str, object]:
    return {
        "rows": tally.rows,
        "kept": tally.train + tally.heldout,
        "train": tally.train,
        "heldout": tally.heldout,
        "dropped": dict(sorted(tally.dropped.items())),
        "bytes_train": tally.bytes_train,
        "bytes_heldout": tally.bytes_heldout,
        "license": source.license,
        "origin": source.path,
    }


def _check(tally: Tally, source: Source) -> None:
    if tally.train + tally.heldout == 0:
        reasons = ", ".join(f"{reason}: {n}" for reason, n in tally.dropped.most_common(5)) or "no rows"
        raise SourceError(
            f"source {source.name} ({source.path}): none of {tally.rows} rows is usable ({reasons}). "
            "Check shape, columns and where."
        )


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


GATHER = Stage(
    name="gather",
    version=2,
    needs=(),
    slices=("sources", "seed"),
    run=gather,
    fingerprint=fingerprint,
    scratch=(SCRATCH,),
)
