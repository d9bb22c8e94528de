"""Figures: each draws one series, and nothing that the series does not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rantau.stages.report import charts, curves, forest, result_series, training_series
from rantau.stages.report.facts import Facts
from rantau.stages.report.ink import SETTINGS, svg_of, wide_letters
from rantau.stages.report.series import Series
from rantau.stages.report.wording import ENGLISH, Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, NARROW = 7.4, 3.75  # inches; the page shows the narrow drawing on a phone
Drawing = Callable[[Series, float, Wording], "Figure"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series and its drawings for a screen and for a phone, as SVG."""

    series: Series
    wide: str
    narrow: str


def all_series(facts: Facts, words: Wording = ENGLISH) -> list[Series]:
    """In the order of the page; a figure without numbers is left out."""
    found = [
        result_series.bits_per_byte(facts, words),
        result_series.change_per_document(facts.documents),
        result_series.answers(facts, words),
        result_series.answer_language(facts, words),
        result_series.kept(facts, words),
        result_series.in_context(facts),
        result_series.benchmarks(facts, words),
        training_series.composition(facts, words),
        training_series.vocabulary_size(facts.vocabulary),
        training_series.training_loss(facts.phases),
        training_series.held_back(facts.phases),
        training_series.preferred(facts.phases),
        training_series.learning_rate(facts.phases),
    ]
    return [series for series in found if series.rows]


def draw(series: Series, width: float, words: Wording = ENGLISH) -> str:
    """SVG of a series, `width` inches wide."""
    from matplotlib import rc_context

    with rc_context(SETTINGS), wide_letters():  # type: ignore[arg-type]  # keys are a Literal there
        figure = DRAWINGS[series.name](series, width, words)
        _write_ticks(figure, words)
        return svg_of(figure, f"{series.name}-{width:g}")


def _write_ticks(figure: Figure, words: Wording) -> None:
    """Numbers of the axes as the language writes them; axes with words of their own keep those."""
    from matplotlib.ticker import ScalarFormatter

    class Local(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return words.local(super().__call__(x, pos))

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if type(axis.get_major_formatter()) is ScalarFormatter:
                axis.set_major_formatter(Local())


DRAWINGS: dict[str, Drawing] = {
    "bits_per_byte": charts.bits_per_byte,
    "change_per_document": charts.change_per_document,
    "answers": forest.answers,
    "answer_language": charts.answer_language,
    "kept": forest.kept,
    "in_context": forest.in_context,
    "benchmarks": forest.benchmarks,
    "composition": charts.composition,
    "vocabulary_size": curves.vocabulary_size,
    "training_loss": curves.training_loss,
    "held_back": curves.held_back,
    "preferred": curves.preferred,
    "learning_rate": curves.learning_rate,
}
