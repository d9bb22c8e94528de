"""clean: gathered documents -> clean ones, each once; every one left out has a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rantau import files
from rantau.recipe import CorpusRecipe, Curation, Source
from rantau.records import Document, Dropped
from rantau.run.engine import map_shards
from rantau.run.stage import Context
from rantau.stages.curation.cleaning.expected_language import not_told_apart
from rantau.stages.curation.cleaning.shard import Shard, Tally, clean_shard
from rantau.stages.curation.contamination.held_out import HeldOutText
from rantau.stages.curation.contamination.items import benchmark_file, read_items
from rantau.stages.curation.contamination.matching import Index, build_index
from rantau.stages.curation.contamination.report import contamination_report
from rantau.stages.curation.duplicates.repeats import find_repeats

SCRATCH, INDEX = "shards", "benchmarks.index"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """documents_in = kept + dropped over all sources; untold_language: kept though no detector could tell"""

    documents_in: int
    kept: int
    dropped: int
    untold_language: int


def clean(context: Context) -> Cleaned:
    """Writes documents/<source>.parquet, dropped.jsonl, counts.json, languages.json, pii.json, contamination.json.

    Raises   DataError or SourceError for a benchmark that cannot be read
    """
    asked = CleaningSlices(context)
    shards = _shards(asked, context)
    facts = map_shards(
        clean_shard,
        [s for shards_of in shards.values() for s in shards_of],
        workers=context.machine.workers,
        cluster=context.machine.cluster,
        folder=context.out / SCRATCH / "facts",
        progress=context.progress,
        title="clean",
    )
    tallies = _by_source(shards, facts)
    dropped = _without_repeats(shards, tallies, asked, context)
    files.write_jsonl(context.out / "dropped.jsonl", chain(_own_drops(shards), dropped))
    _write_counts(context.out, tallies, asked)
    return Cleaned(
        documents_in=sum(t.rows for t in tallies.values()),
        kept=sum(t.kept for t in tallies.values()),
        dropped=sum(t.dropped.total() for t in tallies.values()),
        untold_language=sum(t.untold for t in tallies.values()),
    )


class CleaningSlices:
    """The declared parts of the recipe, as one Curation without its sampling."""

    def __init__(self, context: Context) -> None:
        part = context.recipe.part
        self.curation = Curation.model_validate({name: part(f"curation.{name}") for name in CLEANING_FIELDS})
        self.sources: list[Source] = context.recipe.sources
        self.seed: int = context.recipe.seed


CLEANING_FIELDS = tuple(name for name in Curation.model_fields if name != "sampling")


def _shards(asked: CleaningSlices, context: Context) -> dict[str, list[Shard]]:
    scratch = context.out / SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    index, held_out = _index(asked, context, scratch), _held_out(asked, context, scratch)
    curation = asked.curation.model_dump_json()
    shards: dict[str, list[Shard]] = {}
    number = 0
    for source in asked.sources:
        path = context.inputs["gather"] / "documents" / f"{source.name}.parquet"
        shards[source.name] = []
        for group in range(len(files.group_sizes(path))):
            shards[source.name].append(
                Shard(
                    number, str(path), group, source.language, curation, asked.seed, str(scratch), index, held_out
                )
            )
            number += 1
    return shards


def _index(asked: CleaningSlices, context: Context, scratch: Path) -> str | None:
    settings = asked.curation.contamination
    if not settings.benchmarks:
        return None
    items = {b.name: read_items(b, context.folder) for b in settings.benchmarks}
    return _kept(build_index(items, settings), scratch, INDEX)


def _held_out(asked: CleaningSlices, context: Context, scratch: Path) -> str | None:
    """Held-out text of all sources together: a sentence held out of one may stand in another."""
    if asked.curation.held_out_words == 0:
        return None
    folder = context.inputs["gather"] / "heldout"
    rows = chain.from_iterable(files.read_parquet(folder / f"{s.name}.parquet") for s in asked.sources)
    held_out = HeldOutText.of((Document.from_row(row) for row in rows), n=asked.curation.held_out_words)
    return _kept(held_out, scratch, "held-out.index")


def _kept(index: Index | HeldOutText, scratch: Path, name: str) -> str:
    """Path of the saved index, which its hash is part of: workers keep what they have loaded by its path."""
    path = scratch / name
    index.save(path)
    return str(path.rename(scratch / f"{files.sha256_file(path)[:16]}-{name}"))


def _by_source(shards: dict[str, list[Shard]], facts: Sequence[Tally]) -> dict[str, Tally]:
    tallies = {name: Tally() for name in shards}
    names = [name for name, of_source in shards.items() for _ in of_source]
    for name, tally in zip(names, facts, strict=True):
        tallies[name].add(tally)
    return tallies


def _own_drops(shards: dict[str, list[Shard]]) -> Iterator[dict[str, Any]]:
    for of_source in shards.values():
        for shard in of_source:
            yield from files.read_appended_jsonl(shard.file("dropped.jsonl"))


def _without_repeats(
    shards: dict[str, list[Shard]], tallies: dict[str, Tally], asked: CleaningSlices, context: Context
) -> list[dict[str, Any]]:
    """Writes the documents that are left, source by source; returns the rows of those left out."""
    reasons = find_repeats(
        shards, asked.curation, seed=asked.seed, scratch=context.out / SCRATCH, progress=context.progress
    )
    dropped: list[dict[str, Any]] = []
    for name, of_source in shards.items():
        parts = [(s.file("kept.parquet"), reasons[s.number] == "") for s in of_source]
        files.write_kept(context.out / "documents" / f"{name}.parquet", parts, files.document_schema())
        for shard, (path, kept) in zip(of_source, parts, strict=True):
            if not kept.all():
                left_out = _drops_of(path, reasons[shard.number])
                tallies[name].kept -= len(left_out)
                tallies[name].dropped.update(d["reason"] for d in left_out)
                dropped += left_out
    return dropped


def fingerprint(recipe: CorpusRecipe, folder: Path) -> dict[str, str]:
    """Content hash of each benchmark's file, and of the encoder if it is a folder."""
    from rantau.model.encoder import encoder_folders

    benchmarks, semantic = recipe.curation.contamination.benchmarks, recipe.curation.semantic_duplicates
    hashes = {b.name: files.sha256_file(benchmark_file(b, folder)) for b in benchmarks}
    return hashes | encoder_folders([("semantic_duplicates", semantic.encoder)] if semantic else [])


def _drops_of(path: Path, reasons: Any) -> list[dict[str, Any]]:
    rows = files.read_parquet(path)
    return [
        asdict(Dropped.of(Document.from_row(row), reason))
        for row, reason in zip(rows, reasons, strict=True)
        if reason
    ]


def _write_counts(out: Path, tallies: dict[str, Tally], asked: CleaningSlices) -> None:
    for tally in tallies.values():
        assert tally.rows == tally.kept + tally.dropped.total()
    files.write_json(out / "counts.json", {name: _counts(t) for name, t in tallies.items()})
    files.write_json(
        out / "languages.json", {s.name: _languages(s, tallies[s.name], asked.curation) for s in asked.sources}
    )
    files.write_json(out / "pii.json", {name: dict(sorted(t.pii.items())) for name, t in tallies.items()})
    files.write_json(out / "contamination.json", {"benchmarks": _contamination(out, tallies)})


def _contamination(out: Path, tallies: dict[str, Tally]) -> list[dict[str, Any]]:
    index = next((out / SCRATCH).glob(f"*-{INDEX}"), None)
    if index is None:
        return []
    return contamination_report(Index.load(index), (hit for tally in tallies.values() for hit in tally.hits))


def _counts(tally: Tally) -> dict[str, object]:
    return {
        "in": tally.rows,
        "kept": tally.kept,
        "dropped": dict(sorted(tally.dropped.items())),
        "untold_language": tally.untold,
    }


def _languages(source: Source, tally: Tally, curation: Curation) -> dict[str, object]:
    return {
        "labels": dict(sorted(tally.labels.items())),
        "neighbours": dict(sorted(tally.neighbours.items())),
        "untold": tally.untold,
        "cannot_tell": not_told_apart(source.language, curation.language),
    }
