"""The figures that a study names, held against what its base recipe will measure: before anything is trained."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rantau.errors import RecipeError
from rantau.language import load_profile
from rantau.recipe import Evaluation, Recipe
from rantau.recipe.measured import FIDELITY, Rows, rows_of
from rantau.stages.evaluation.benchmarks.catalogue import named
from rantau.stages.evaluation.benchmarks.harness import FIRST_METRICS
from rantau.stages.evaluation.metrics.fidelity import why_untellable
from rantau.study.design import Study


@dataclass(frozen=True, slots=True)
class Measurable:
    """rows: of scores.json; benchmarks: metric and name of each row of benchmarks.json"""

    rows: Sequence[Rows]
    benchmarks: Sequence[tuple[str, str]]

    @property
    def metrics(self) -> list[str]:
        return list(dict.fromkeys([*(r.metric for r in self.rows), *(metric for metric, _ in self.benchmarks)]))

    @property
    def names(self) -> list[str]:
        """Every name that a figure may have: a metric, or metric.name."""
        full = [*(r.figure for r in self.rows), *(f"{metric}.{name}" for metric, name in self.benchmarks)]
        return [*self.metrics, *full]

    def holds(self, figure: str) -> bool:
        metric, _, name = figure.partition(".")
        return figure in self.names or any(r.match(metric, name) for r in self.rows)


def measurable(evaluation: Evaluation) -> Measurable:
    rows = [r for r in rows_of(evaluation) if "adapted" in r.systems]
    return Measurable(rows, list(dict.fromkeys(_of_benchmarks(evaluation))))


def refuse_unmeasured(study: Study, base: Recipe) -> None:
    """base: the study's base recipe, whose evaluation all arms share

    Raises   RecipeError if the study names a figure that nothing will measure, or chooses by one that cannot rank
    """
    known, chosen_by = measurable(base.evaluation), study.choice.figures if study.choice else []
    for figure in [*study.figures, *chosen_by]:
        if not known.holds(figure):
            raise RecipeError(
                f"the study names the figure {figure!r}, which its base recipe will not measure. "
                f"{_nearest(figure, known)}"
            )
    why = why_untellable(load_profile(base.language.target))
    described = {r.metric for r in known.rows if r.described}
    for figure in chosen_by:
        metric = figure.partition(".")[0]
        if metric in described:
            raise RecipeError(f"the study chooses by {metric}, which is neither better lower nor higher.")
        if why and metric in FIDELITY:
            raise RecipeError(f"the study chooses by {metric}, which will never have a value: {why}")


def _of_benchmarks(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """A row for each task, and their mean; the metric of a task outside the catalogue is the harness's."""
    for asked in evaluation.benchmarks:
        benchmark = named(asked.name)
        for name in (*benchmark.tasks, *([benchmark.name] if len(benchmark.tasks) > 1 else [])):
            for metric in [benchmark.metric] if benchmark.metric else FIRST_METRICS:
                yield metric, name


def _nearest(figure: str, known: Measurable) -> str:
    alike = [name for name in known.names if ("." in name) == ("." in figure)]
    near = difflib.get_close_matches(figure, alike, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"There will be: {', '.join(known.metrics)}."
