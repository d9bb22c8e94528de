"""Stages of the benchmarks: `benchmark-base` and `benchmark-adapted` ask one system, `benchmarks` compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from rantau import files
from rantau.model.base import base_hash
from rantau.recipe import Recipe
from rantau.run.stage import Context, Stage
from rantau.stages.evaluation.benchmarks.asking import (
    SCRATCH,
    System,
    Wanted,
    ask_tasks,
    harness_version,
    read_told,
    wanted_tasks,
)
from rantau.stages.evaluation.benchmarks.catalogue import benchmark_of_task, named
from rantau.stages.evaluation.benchmarks.definitions import definition, harness_folder
from rantau.stages.evaluation.benchmarks.figures import Options
from rantau.stages.evaluation.benchmarks.hub_data import pinned
from rantau.stages.evaluation.benchmarks.local import data_folder
from rantau.stages.evaluation.benchmarks.marks import contaminated_rows
from rantau.stages.evaluation.benchmarks.results import Compared, results_of

RESULTS = "benchmarks.json"
ASKED = ("evaluation.benchmarks", "evaluation.benchmark_data")


@dataclass(frozen=True, slots=True)
class AskedSummary:
    n_tasks: int
    n_questions: int


@dataclass(frozen=True, slots=True)
class BenchmarksSummary:
    """changes: benchmark or "<benchmark>, <task>" -> adapted minus base; n_at_chance: rows at chance after"""

    n_results: int
    n_at_chance: int
    changes: Mapping[str, float]


def benchmark_stage(
    system: Literal["base", "adapted"], *, adapter_from: str | None, vocabulary: str | None = None
) -> Stage:
    """The stage that asks one system.

    adapter_from  name of the training stage whose adapter answers; None for the base model
    vocabulary    name of the stage whose words the adapter knows; None = the base's own tokens

    Files: tasks/<benchmark>/<task>.json with the facts of the task and one row a question. harness/ holds what a
    killed run had asked, and is removed at the end.
    """
    return Stage(
        name=f"benchmark-{system}",
        version=1,
        needs=tuple(name for name in (adapter_from, vocabulary) if name),
        slices=("model", *ASKED),
        run=partial(ask_benchmarks, adapter_from=adapter_from),
        fingerprint=fingerprint,
        scratch=(SCRATCH,),
    )


def fingerprint(recipe: Recipe, folder: Path) -> dict[str, str]:
    """The base, the harness's version, and the data: of each task that lies in a folder, or of each benchmark that
    comes from the hub.

    Raises   MachineError if the harness is not installed, RecipeError for a task that it does not have, or for
             data of a hub that no commit pins: before any stage runs
    """
    harness_folder()
    asked, benchmark_data = recipe.evaluation.benchmarks, recipe.evaluation.benchmark_data
    wanted = wanted_tasks(asked, benchmark_data, folder)
    for task in wanted:
        if task.name not in benchmark_of_task():
            definition(task.name, task.benchmark)
    data = {f"benchmark {w.name}": w.local.digest for w in wanted if w.local}
    if benchmark_data is None:
        data = {f"benchmark {a.name}": pinned(named(a.name), a.revision) for a in asked}
    return base_hash(recipe, folder) | {"lm_eval": harness_version()} | data


def ask_benchmarks(context: Context, *, adapter_from: str | None) -> AskedSummary:
    """Asks every task of the recipe; continues what a kill left."""
    adapter = context.inputs[adapter_from] / "adapter" if adapter_from else None
    system = System(context, adapter, context.inputs.get("vocabulary"))
    counts = [n for _, n in ask_tasks(context, _wanted(context), system)]
    return AskedSummary(len(counts), sum(counts))


def _wanted(context: Context) -> list[Wanted]:
    recipe = context.recipe
    return wanted_tasks(
        recipe.part("evaluation.benchmarks"), recipe.part("evaluation.benchmark_data"), context.folder
    )


def compare_benchmarks(context: Context) -> BenchmarksSummary:
    """Writes benchmarks.json.

    Raises   MeasureError if the two systems were not asked the same
    """
    recipe = context.recipe
    benchmark_data: str | None = recipe.part("evaluation.benchmark_data")
    data = data_folder(benchmark_data, context.folder) if benchmark_data else None
    compared = []
    for task in _wanted(context):
        base, adapted = (read_told(context.inputs[f"benchmark-{s}"], task) for s in ("base", "adapted"))
        marked = contaminated_rows(
            context.inputs["clean"], recipe.part("curation.contamination"), task, base,
            data=data, folder=context.folder,
        )  # fmt: skip
        compared.append(Compared(task, base, adapted, marked))
    options = Options(recipe.seed, recipe.part("evaluation.resamples"), recipe.part("evaluation.confidence"))
    rows = results_of(compared, options)
    files.write_json(context.out / RESULTS, [row.to_row() for row in rows])
    changes = {r.task if r.task == r.benchmark else f"{r.benchmark}, {r.task}": r.change.value for r in rows}
    return BenchmarksSummary(len(rows), sum(r.at_chance_adapted is True for r in rows), changes)


BENCHMARKS = Stage(
    name="benchmarks",
    version=2,
    needs=("clean", "benchmark-base", "benchmark-adapted"),
    slices=(*ASKED, "curation.contamination", "evaluation.resamples", "evaluation.confidence", "seed"),
    run=compare_benchmarks,
)
