"""Curves: figures over the steps of the training, one panel a phase."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rantau.stages.report.ink import COLOURS, panels_of
from rantau.stages.report.series import Series
from rantau.stages.report.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TINY = 1e-9  # top of an axis on which everything is zero
BESIDE = 3  # panels in a row on a screen; on a phone they stand below one another


def training_loss(series: Series, width: float, words: Wording) -> Figure:
    """The loss of dpo begins at ln 2: neither answer is preferred."""
    figure, panels = _panels_of_phases(series, width, words("chart.loss"), words)
    for axes, part in panels:
        if part.rows[0][part.columns.index("kind")] == "dpo":
            axes.axhline(math.log(2), color=COLOURS["soft"], linewidth=1, linestyle=":")
        steps, losses = part.numbers("step"), part.numbers("loss_nats")
        axes.plot(steps, losses, color=COLOURS["pale"], linewidth=1)
        axes.plot(steps, part.numbers("smoothed"), color=COLOURS["adapted"], linewidth=2)
        axes.set_ylim(0, 1.06 * max(*losses, TINY))
    return figure


def learning_rate(series: Series, width: float, words: Wording) -> Figure:
    """Rate of A; that of B is the same curve, so many times higher as the caption says."""
    figure, panels = _panels_of_phases(series, width, words("chart.rate"), words)
    for axes, part in panels:
        rates = part.numbers("rate_a")
        axes.plot(part.numbers("step"), rates, color=COLOURS["adapted"], linewidth=2)
        axes.set_ylim(0, 1.08 * max(*rates, TINY))
        axes.locator_params(axis="y", nbins=4)
        axes.yaxis.set_major_formatter(lambda rate, _: words.figure(rate))
    return figure


def preferred(series: Series, width: float, words: Wording) -> Figure:
    """Half of the pairs is what no preference would give."""
    figure, panels = _panels_of_phases(series, width, words("chart.pairs"), words)
    for axes, part in panels:
        steps = part.numbers("step")
        axes.axhline(50, color=COLOURS["soft"], linewidth=1, linestyle=":")
        axes.plot(steps, part.numbers("preferred_percent"), color=COLOURS["pale"], linewidth=1)
        axes.plot(steps, part.numbers("smoothed"), color=COLOURS["adapted"], linewidth=2)
        axes.set_ylim(-2, 102)
        axes.set_yticks([0, 25, 50, 75, 100])
    return figure


def vocabulary_size(series: Series, width: float, words: Wording) -> Figure:
    """Saved tokens by number of words; the filled point is what was added."""
    figure, (axes, *_) = panels_of(width, 2.5)
    sizes, saved = series.numbers("words"), series.numbers("saved_percent")
    axes.plot(sizes, saved, "o-", color=COLOURS["adapted"], markerfacecolor=COLOURS["paper"], linewidth=1.6)
    added = series.where("added", 1)
    axes.plot(added.numbers("words"), added.numbers("saved_percent"), "o", color=COLOURS["adapted"], markersize=7)
    for at, share in zip(sizes, saved, strict=True):
        axes.annotate(words.percent(share / 100), (at, share), xytext=(0, 8), textcoords="offset points",
                      ha="center", fontsize=8.5)  # fmt: skip
    axes.set_xlim(0, 1.08 * max(sizes))
    axes.set_ylim(0, 1.25 * max(*saved, TINY))
    axes.xaxis.set_major_formatter(lambda n, _: words.integer(round(n)))
    axes.set_xlabel(words("chart.words_added"))
    axes.set_ylabel(words("chart.tokens_saved"))
    axes.grid(axis="y")
    return figure


def held_back(series: Series, width: float, words: Wording) -> Figure:
    """Held-back bits per byte; the filled point is the adapter that was kept."""
    figure, panels = _panels_of_phases(series, width, words("chart.held_back"), words)
    for axes, part in panels:
        steps, bits = part.numbers("step"), part.numbers("bits_per_byte")
        axes.plot(steps, bits, "o-", color=COLOURS["adapted"], markerfacecolor=COLOURS["paper"], linewidth=1.6,
                  markersize=5)  # fmt: skip
        best = part.where("best", 1)
        axes.plot(best.numbers("step"), best.numbers("bits_per_byte"), "o", color=COLOURS["adapted"], markersize=7)
        for step, value in zip(best.numbers("step"), best.numbers("bits_per_byte"), strict=True):
            axes.annotate(
                words.number(value, 3),
                (step, value),
                xytext=(0, -13),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
            )
        room = max(max(bits) - min(bits), 1e-3)
        axes.set_ylim(min(bits) - 0.35 * room, max(bits) + 0.15 * room)
    return figure


def _panels_of_phases(
    series: Series, width: float, unit: str, words: Wording
) -> tuple[Figure, Iterator[tuple[Axes, Series]]]:
    """One panel a phase, with its name above it and steps below it."""
    phases = series.groups("phase")
    columns = min(BESIDE, len(phases)) if width > 5 else 1
    rows = math.ceil(len(phases) / columns)
    figure, panels = panels_of(width, (2.5 if width > 5 else 1.9) * rows, rows, columns)
    for spare in panels[len(phases) :]:
        spare.set_visible(False)
    for place, (axes, part) in enumerate(zip(panels, phases, strict=False)):
        steps = part.numbers("step")
        axes.set_title(f"{part.rows[0][0]}")
        axes.set_xlabel(words("chart.step"))
        axes.set_xlim(min(steps) - 0.5, max(steps) + 0.5)
        axes.locator_params(axis="x", integer=True)
        axes.grid(axis="y")
        if place % columns == 0:
            axes.set_ylabel(unit)
    return figure, zip(panels, phases, strict=False)
