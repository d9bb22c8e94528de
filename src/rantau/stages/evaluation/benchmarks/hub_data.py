"""Data of a hub: the data set that a benchmark's tasks read, and the commit that the recipe pins it to."""

from __future__ import annotations

from rantau.errors import RecipeError
from rantau.stages.evaluation.benchmarks.catalogue import Benchmark
from rantau.stages.evaluation.benchmarks.definitions import definition, read_definition

READERS = ("arrow", "csv", "json", "parquet", "text", "xml")
"""Written where a data set is, but files of any address are read."""


def pinned(benchmark: Benchmark, revision: str | None) -> str:
    """What keys know of the data, `<data set>@<commit>`.

    Raises   RecipeError for one whose data the user supplies, without a commit, or with data that none pins
    """
    if benchmark.own:
        raise RecipeError(
            f"evaluation.benchmarks: {benchmark.name} is no task of the harness; you supply its data. "
            "Run `rantau data import-benchmarks DIR`, then name the folder in evaluation.benchmark_data."
        )
    data_set = data_set_of(benchmark)
    if revision is None:
        raise RecipeError(
            f"evaluation.benchmarks.{benchmark.name}: its data would come from the hub as they are that day. Pin "
            f"them by revision: <commit of {data_set}>, 40 digits that the page of its files shows; or run "
            "`rantau data import-benchmarks DIR` and name the folder in evaluation.benchmark_data."
        )
    return f"{data_set}@{revision}"


def data_set_of(benchmark: Benchmark) -> str:
    """Its id on the hub: all tasks of a benchmark read the same one.

    Raises   RecipeError if they read none, or the harness has no such task; MachineError without the harness
    """
    told = read_definition(definition(benchmark.tasks[0], benchmark))
    data_set = str(told.get("dataset_path") or "")
    if not data_set or data_set in READERS or "custom_dataset" in told:
        raise RecipeError(
            f"evaluation.benchmarks: {benchmark.name}: its definition names no data set of the hub that a commit "
            "could pin. Choose another task."
        )
    return data_set
