"""The folder that `rantau data import-benchmarks` makes: a parquet file for each split, and an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rantau import files
from rantau.errors import DataError, RecipeError, SourceError

INDEX = "benchmarks.json"


@dataclass(frozen=True, slots=True)
class LocalTask:
    """One task of the folder.

    files   split -> file, relative to the folder; sha256: of each; rows: of each
    notes   what differs from the hub's copy
    """

    task: str
    files: Mapping[str, str]
    sha256: Mapping[str, str]
    rows: Mapping[str, int]
    notes: Sequence[str] = ()

    @property
    def questions(self) -> int:
        """Rows of the part that is asked."""
        return self.rows[asked_split(self.rows)]

    @property
    def digest(self) -> str:
        """Of all its files, by split."""
        return files.sha256_text(files.canonical_json(dict(self.sha256)))


def asked_split(splits: Collection[str]) -> str:
    """The split whose questions are asked, where a task has several: a test part, else a validation part."""
    ranks = {"test": 0, "test_colloquial": 1, "validation": 2, "dev": 3}
    return min(splits, key=lambda s: (ranks.get(s, 9), s))


def write_index(folder: Path, tasks: Mapping[str, LocalTask]) -> None:
    files.write_json(folder / INDEX, {name: asdict(tasks[name]) for name in sorted(tasks)})


def read_index(folder: Path) -> dict[str, LocalTask]:
    """Raises   SourceError if the folder was not made by the command"""
    path = folder / INDEX
    if not path.is_file():
        raise SourceError(
            f"{folder}: no {INDEX} in it. Make it with `rantau data import-benchmarks DIR --to {folder.name}`."
        )
    return {name: LocalTask(**entry) for name, entry in files.read_json(path).items()}


def check_unchanged(task: LocalTask, folder: Path) -> None:
    """The index speaks for the files in the key of every result.

    Raises   DataError if one is gone, or is not as it was imported
    """
    for split, name in task.files.items():
        path = folder / name
        if not path.is_file() or files.sha256_file(path) != task.sha256[split]:
            raise DataError(
                f"evaluation.benchmark_data: {name} is not the file that was imported. Run `rantau data "
                f"import-benchmarks DIR --to {folder.name}` again."
            )


def data_folder(benchmark_data: str, folder: Path) -> Path:
    """The folder that the recipe names, from the recipe's own folder."""
    return (folder / benchmark_data).resolve()


def task_of(index: Mapping[str, LocalTask], task: str, where: Path) -> LocalTask:
    """Raises   RecipeError if the folder does not hold the task"""
    if task not in index:
        raise RecipeError(
            f"evaluation.benchmark_data: {where.name} does not hold {task}. It holds: {', '.join(sorted(index))}. "
            "Import more into it, or set benchmark_data to null to read from the hub."
        )
    return index[task]
