"""Figures: each draws one series, and nothing that the series does not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rantau.stages.report import charts, curves, result_series, training_series
from rantau.stages.report.facts import Facts
from rantau.stages.report.ink import SETTINGS, svg_of
from rantau.stages.report.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, NARROW = 7.4, 3.75  # inches; the page shows the narrow drawing on a phone
Drawing = Callable[[Series, float], "Figure"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series and its drawings for a screen and for a phone, as SVG."""

    series: Series
    wide: str
    narrow: str


def all_series(facts: Facts) -> list[Series]:
    """In the order of the page; a figure without numbers is left out."""
    found = [
        result_series.bits_per_byte(facts),
        result_series.change_per_document(facts.documents),
        result_series.answer_language(facts),
        result_series.chrf(facts),
        training_series.composition(facts),
        training_series.vocabulary_size(facts.vocabulary),
        training_series.training_loss(facts.phases),
        training_series.held_back(facts.phases),
        training_series.preferred(facts.phases),
        training_series.learning_rate(facts.phases),
    ]
    return [series for series in found if series.rows]


def draw(series: Series, width: float) -> str:
    """SVG of a series, `width` inches wide."""
    from matplotlib import rc_context

    with rc_context(SETTINGS):  # type: ignore[arg-type]  # keys are a Literal there
        return svg_of(DRAWINGS[series.name](series, width), f"{series.name}-{width:g}")


DRAWINGS: dict[str, Drawing] = {
    "bits_per_byte": charts.bits_per_byte,
    "change_per_document": charts.change_per_document,
    "answer_language": charts.answer_language,
    "chrf": charts.chrf,
    "composition": charts.composition,
    "vocabulary_size": curves.vocabulary_size,
    "training_loss": curves.training_loss,
    "held_back": curves.held_back,
    "preferred": curves.preferred,
    "learning_rate": curves.learning_rate,
}
