"""Gates judged: each condition of evaluation.fail_if with the figure that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rantau.recipe import Condition, Evaluation, Language, read_condition
from rantau.recipe.gates import IN_CONTEXT_LOSS, RISES
from rantau.records import Gate, Score
from rantau.stages.evaluation.asked import Asked
from rantau.stages.evaluation.in_context.scores import loss_of_gain
from rantau.stages.evaluation.likelihood.bits import relative_rise
from rantau.stages.evaluation.scores import Resampling

NOTHING_TO_LOSE = "The base gains nothing from examples that its interval can tell from 0, so no loss can be told."
NO_ROW = "The comparison has no such figure."


@dataclass(frozen=True, slots=True)
class Figure:
    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def judge_gates(
    evaluation: Evaluation, language: Language, languages: Mapping[str, str], scores: Sequence[Score],
    base: Asked, adapted: Asked, resampling: Resampling,
) -> list[Gate]:  # fmt: skip
    """All conditions, in the order of the recipe. languages: source -> its language"""
    judged = []
    for condition in map(read_condition, evaluation.fail_if):
        if side := RISES.get(condition.figure):
            spoken = language.source if side == "source" else language.target
            texts = {t.name for t in evaluation.texts if languages[t.source] == spoken}
            figure = _rise(texts, base, adapted, resampling)
        elif condition.figure == IN_CONTEXT_LOSS:
            figure = _loss(base, adapted, resampling)
        else:
            figure = _of_row(condition, scores)
        judged.append(_judged(condition, figure))
    return judged


def _judged(condition: Condition, figure: Figure) -> Gate:
    failed = figure.value is None or condition.holds(figure.value)
    return Gate(
        condition.text,
        condition.figure,
        figure.value,
        figure.low,
        figure.high,
        condition.limit,
        failed,
        figure.reason,
    )


def _rise(texts: set[str], base: Asked, adapted: Asked, resampling: Resampling) -> Figure:
    """Over the documents of all texts in one language together."""
    first, second = ([s for s in asked.texts if s.text in texts] for asked in (base, adapted))
    found = relative_rise(first, second, resampling)
    return Figure(found.value, found.low, found.high)


def _loss(base: Asked, adapted: Asked, resampling: Resampling) -> Figure:
    found = loss_of_gain(base.in_context, adapted.in_context, resampling)
    return Figure(found.value, found.low, found.high) if found else Figure(None, reason=NOTHING_TO_LOSE)


def _of_row(condition: Condition, scores: Sequence[Score]) -> Figure:
    found = [s for s in scores if (s.metric, s.name, s.system) == condition.row]
    return (
        Figure(found[0].value, found[0].low, found[0].high, found[0].reason)
        if found
        else Figure(None, reason=NO_ROW)
    )
