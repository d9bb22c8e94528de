"""The benchmarks that have a name here: tasks of the harness, examples, figure and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import DataError

FOLDER = Path(__file__).parent
CATALOGUE = FOLDER / "catalogue.yaml"
OWN = FOLDER / "own"
METRICS = ("acc", "acc_norm", "mc2", "exact_match", "macro_f1")
UNTOLD = "und"  # ISO 639-3: undetermined


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One entry of catalogue.yaml; its head says what each field means. shots: None = as the task defines it"""

    name: str
    title: str
    language: str
    shots: int | None
    metric: str
    chance: float | None
    folder: str
    tasks: tuple[str, ...]
    source: str
    filter: str = "none"
    cluster: str | None = None
    definition: str | None = None
    languages: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether its tasks are defined here, and so have no data on a hub."""
        return self.folder == "own"

    def language_of(self, task: str) -> str:
        return self.languages.get(task, self.language)


@cache
def catalogue() -> dict[str, Benchmark]:
    """Every benchmark by name, in the order of the file."""
    from ruamel.yaml import YAML

    entries = YAML(typ="safe").load(files.read_text(CATALOGUE))["benchmarks"]
    return {name: _checked(Benchmark(name, **{**e, "tasks": tuple(e["tasks"])})) for name, e in entries.items()}


def _checked(benchmark: Benchmark) -> Benchmark:
    if benchmark.metric not in METRICS:
        raise DataError(f"{CATALOGUE.name}: {benchmark.name}.metric is {benchmark.metric}, not one of {METRICS}.")
    return benchmark


@cache
def benchmark_of_task() -> dict[str, Benchmark]:
    """Task of the harness -> the benchmark that asks it."""
    return {task: benchmark for benchmark in catalogue().values() for task in benchmark.tasks}


def named(name: str) -> Benchmark:
    """The benchmark of that name; a task of the harness that is none is a benchmark of one task."""
    if name in catalogue():
        return catalogue()[name]
    known = benchmark_of_task().get(name)
    if known:
        return replace(known, name=name, title=name, tasks=(name,), language=known.language_of(name))
    return Benchmark(name, name, UNTOLD, None, "", None, "", (name,), "any task of the harness")
