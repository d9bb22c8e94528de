"""Gates: conditions on figures of the comparison under which a run fails, such as `source_bpb_rise > 0.02`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rantau.recipe.evaluation import Evaluation
from rantau.recipe.measured import Rows, rows_of

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
SHAPE = re.compile(r"\s*([^\s<>][^<>]*?)\s*(>=|<=|>|<)\s*([^\s<>=]+)\s*")
RISES = {"source_bpb_rise": "source", "target_bpb_rise": "target"}
"""Figure -> the language whose texts it pools: relative rise of bits per byte, 0.02 is 2 % more."""
IN_CONTEXT_LOSS = "in_context_loss"


@dataclass(frozen=True, slots=True)
class Condition:
    """text: as the recipe has it; the run fails if `figure` stands to `limit` as `op` says"""

    text: str
    figure: str
    op: str
    limit: float

    def holds(self, value: float) -> bool:
        return OPERATORS[self.op](value, self.limit)

    @property
    def row(self) -> tuple[str, str, str]:
        """metric, name and system of a figure that is a row of scores.json."""
        metric, _, rest = self.figure.partition(".")
        name, _, system = rest.rpartition(".")
        return metric, name, system


def read_condition(text: str) -> Condition:
    """Raises   ValueError, with an example, unless it is `<figure> <op> <number>`"""
    match = SHAPE.fullmatch(text)
    try:
        if match and math.isfinite(float(match[3])):  # nothing is above nan: such a gate would never close
            return Condition(text.strip(), match[1], match[2], float(match[3]))
    except ValueError:
        pass
    raise ValueError(
        f"evaluation.fail_if: {text!r} is not `<figure> <op> <number>` with one of "
        f"{' '.join(OPERATORS)}. Try `source_bpb_rise > 0.02`."
    )


def gate_problems(
    evaluation: Evaluation, languages: Mapping[str, str], *, target: str, source: str
) -> list[str]:  # fmt: skip
    """What is wrong with the conditions, in words; empty if the comparison can give every figure a value.

    languages        name of a source -> its language
    target, source   languages of the recipe
    """
    problems: list[str] = []
    pooled = _pooled(evaluation, languages, {"target": target, "source": source})
    for text in evaluation.fail_if:
        try:
            problem = _problem(read_condition(text), pooled, rows_of(evaluation), evaluation)
        except ValueError as error:
            problem = str(error)
        problems += [problem] if problem else []
    return problems


def no_value(condition: Condition, why: str) -> str:
    """The words for a condition on a row that stays empty."""
    return f"evaluation.fail_if: {condition.figure!r} will never have a value: {why}. Take another figure"


def _pooled(evaluation: Evaluation, languages: Mapping[str, str], sides: Mapping[str, str]) -> list[str]:
    """Figures that are no row: they pool several texts, or both systems' answers of the probe."""
    measured = {languages.get(text.source) for text in evaluation.texts}
    found = [figure for figure, side in RISES.items() if sides[side] in measured]
    return [*found, IN_CONTEXT_LOSS] if evaluation.in_context else found


def _problem(
    condition: Condition, pooled: Sequence[str], rows: Sequence[Rows], evaluation: Evaluation
) -> str | None:
    if condition.figure in pooled:
        return None
    metric, name, system = condition.row
    found = [r for r in rows if r.match(metric, name)]
    if any(system in r.systems for r in found):
        return None
    if never := [r.never[system] for r in found if system in r.never]:
        return no_value(condition, never[0])
    known = ", ".join([*pooled, *(f"{r.figure}.<{'|'.join(r.systems)}>" for r in rows if r.systems)])
    return (
        f"evaluation.fail_if: nothing will measure {condition.figure!r}. This recipe measures {known}."
        f"{_why_no_benchmark(name, evaluation)}"
    )


def _why_no_benchmark(name: str, evaluation: Evaluation) -> str:
    if not any(name.startswith(benchmark.name) for benchmark in evaluation.benchmarks):
        return ""
    return " Benchmarks are asked after the conditions are judged, so none can be about them"
