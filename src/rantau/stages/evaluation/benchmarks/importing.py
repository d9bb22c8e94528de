"""From a folder of benchmark files, however they came, to files that the harness's tasks read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import DataError, SourceError
from rantau.stages.evaluation.benchmarks.catalogue import benchmark_of_task
from rantau.stages.evaluation.benchmarks.local import INDEX, LocalTask, asked_split, read_index, write_index
from rantau.stages.evaluation.benchmarks.readers import english, indonesian, korean
from rantau.stages.evaluation.benchmarks.readers.layout import Layout, Row, Splits
from rantau.stages.evaluation.benchmarks.soundness import faults

LAYOUTS: tuple[Layout, ...] = (*english.LAYOUTS, *indonesian.LAYOUTS, *korean.LAYOUTS)
SUFFIXES = (".parquet", ".jsonl", ".csv")
ROW = "rantau_row"
"""Column with the row's number in its file, from 0: it finds a question again after a task has filtered."""


@dataclass(frozen=True, slots=True)
class Imported:
    """task; rows: of the split that is asked; refused: why the task was left out, or None"""

    task: str
    origin: str
    rows: int
    refused: str | None = None


def import_benchmarks(source: Path, target: Path) -> list[Imported]:
    """Writes the tasks that `source` or a folder below it holds into `target`, beside those that are there.

    Known are the layouts of readers/, and as they are: a folder named like a task of a benchmark whose files are
    named like its splits (test.parquet, dev.csv, train.jsonl).
    Raises   SourceError if there is no such folder, or nothing in it is known
    """
    if not source.is_dir():
        raise SourceError(f"{source}: no such folder.")
    kept = read_index(target) if (target / INDEX).is_file() else {}
    told: list[Imported] = []
    for folder in [source, *sorted(p for p in source.rglob("*") if p.is_dir())]:
        if folder.resolve() == target.resolve() or target.resolve() in folder.resolve().parents:
            continue
        for task, splits, note in _tasks_in(folder):
            fault = next((f"{s}: {fault[0]}" for s, rows in splits.items() if (fault := faults(rows))), None)
            told.append(Imported(task, folder.name, len(splits[asked_split(splits)]), fault))
            if fault is None:
                kept[task] = _write(target, task, splits, note)
    if not told:
        raise SourceError(
            f"{source}: no benchmark is known in it. A folder named like a task of a benchmark, with test.parquet "
            "or dev.csv in it, is read as it is; see docs/harness.md."
        )
    write_index(target, kept)
    return told


def _tasks_in(folder: Path) -> Iterator[tuple[str, Splits, str]]:
    names = {p.name for p in folder.iterdir() if p.is_file()}
    known = False
    for layout in LAYOUTS:
        if set(layout.needs) <= names and _has_columns(folder / layout.needs[0], layout.columns):
            wanted = [n for n in (*layout.needs, *layout.may) if n in names]
            try:
                found = layout.read({name: read_rows(folder / name) for name in wanted})
            except (KeyError, ValueError, TypeError) as error:
                raise DataError(f"{folder}: {layout.needs[0]} has a row that does not fit: {error!r}.") from error
            known = True
            yield from ((task, splits, layout.note) for task, splits in found.items())
    if not known and folder.name in benchmark_of_task():
        splits = {Path(n).stem: read_rows(folder / n) for n in sorted(names) if Path(n).suffix in SUFFIXES}
        if splits:
            yield folder.name, splits, ""


def _has_columns(path: Path, columns: Sequence[str]) -> bool:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return set(columns) <= set(pq.read_schema(path).names)
    return set(columns) <= set(next(iter(read_rows(path)), {}))


def read_rows(path: Path) -> list[Row]:
    """The rows of a parquet, jsonl or csv file."""
    if path.suffix == ".parquet":
        return list(files.read_parquet(path))
    if path.suffix == ".jsonl":
        return files.read_jsonl(path)
    return list(csv.DictReader(io.StringIO(files.read_text(path))))


def _write(target: Path, task: str, splits: Splits, note: str) -> LocalTask:
    import pyarrow as pa

    folder = target / re.sub(r"[^\w.-]", "_", task)
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, str] = {}
    for split, rows in splits.items():
        numbered: list[dict[str, Any]] = [{**row, ROW: n} for n, row in enumerate(rows)]
        path = folder / f"{split}.parquet"
        files.write_table(path, pa.Table.from_pylist(numbered))
        names[split] = f"{folder.name}/{path.name}"
    sha256 = {split: files.sha256_file(target / name) for split, name in names.items()}
    counts = {split: len(found) for split, found in splits.items()}
    return LocalTask(task, names, sha256, counts, (note,) if note else ())
