"""Forests: named rows of values with their intervals, against a line that they are to be read against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rantau.stages.report.charts import beside, canvas, interval, legend, rows_only
from rantau.stages.report.ink import COLOURS
from rantau.stages.report.series import Series
from rantau.stages.report.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SYSTEMS = {"base": -0.17, "adapted": 0.17}  # place within the row


def answers(series: Series, width: float, words: Wording) -> Figure:
    """Before and after between chance (grey lines) and ceiling (a thick mark), 0 to 100."""
    names = series.groups("metric")
    figure, axes = canvas(width, 1.0 + 0.5 * len(names))
    for i, part in enumerate(names):
        found = {str(row[3]): tuple(float(v) for v in row[4:7]) for row in part.rows}
        for reference, system in (("chance-base", "base"), ("chance", "adapted")):
            if reference in found:
                _tick(axes, found[reference][0], i + SYSTEMS[system], COLOURS["soft"], 1.6)
        if "ceiling" in found:
            axes.plot(
                [found["ceiling"][0]] * 2, [i - 0.34, i + 0.34], color=COLOURS["mark"], linewidth=3, clip_on=False
            )
        for system, at in SYSTEMS.items():
            if system in found:
                value, low, high = found[system]
                filled = system == "adapted"
                interval(axes, (value, low, high), i + at, COLOURS[system], 1, words, filled=filled)
    _names(axes, [(str(p.rows[0][0]), words(f"direction.{p.rows[0][2]}")) for p in names], width)
    rows_only(axes)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel(words("chart.of_100"))
    kinds = {str(row[3]) for row in series.rows}
    legend(figure, words, chance=bool(kinds & {"chance", "chance-base"}), ceiling="ceiling" in kinds)
    return figure


def benchmarks(series: Series, width: float, words: Wording) -> Figure:
    """Before and after against chance; "at chance" stands in words where the interval holds it."""
    names = series.groups("benchmark")
    figure, axes = canvas(width, 1.0 + 0.52 * len(names))
    for i, part in enumerate(names):
        chance = part.rows[0][7]
        if chance != "":
            axes.plot([float(chance)] * 2, [i - 0.4, i + 0.4], color=COLOURS["soft"], linewidth=1.6, zorder=1)
        for row in part.rows:
            system, value, low, high, at_chance = str(row[2]), *(float(v) for v in row[3:6]), int(row[8])
            note = words("chart.at_chance") if at_chance else ""
            interval(
                axes, (value, low, high), i + SYSTEMS[system], COLOURS[system], 1, words,
                filled=system == "adapted", note=note,
            )  # fmt: skip
    rows = [(str(p.rows[0][0]), f"{p.rows[0][1]}, n = {words.integer(int(p.rows[0][6]))}") for p in names]
    _names(axes, rows, width)
    rows_only(axes)
    axes.set_ylim(len(names) - 0.5, -0.5)
    room = 1.35 if width > 5 else 1.8  # for the words behind the longest interval
    axes.set_xlim(0, max(room * max(series.numbers("high")), 10))
    axes.set_xticks([t for t in (0, 25, 50, 75, 100) if t <= axes.get_xlim()[1]])
    axes.set_xlabel(words("chart.right_percent"))
    legend(figure, words, chance=any(c != "" for c in series.column("chance_percent")))
    return figure


def kept(series: Series, width: float, words: Wording) -> Figure:
    """Change of each text; left of zero is better, and right of the dotted line is more than counts as kept."""
    figure, axes = canvas(width, 0.75 + 0.5 * len(series.rows))
    axes.axvline(0, color=COLOURS["ink"], linewidth=1)
    margin = float(series.rows[0][6])
    axes.axvline(margin, color=COLOURS["mark"], linewidth=1.4, linestyle=":")
    for i, row in enumerate(series.rows):
        value, low, high = (float(v) for v in row[2:5])
        colour = COLOURS["mark"] if low > 0 and high > margin else COLOURS["adapted"]
        interval(axes, (value, low, high), i, colour, 1, words, filled=True, sign=True)
    _names(axes, [(str(r[0]), f"{r[1]}, n = {words.integer(int(r[5]))}") for r in series.rows], width)
    rows_only(axes)
    axes.set_ylim(len(series.rows) - 0.5, -0.5)
    low, high = min(*series.numbers("low"), 0.0), max(*series.numbers("high"), margin)
    span = high - low
    axes.set_xlim(low - 0.06 * span, high + (0.16 if width > 5 else 0.3) * span)
    axes.set_xlabel(words("chart.change_percent"))
    return figure


def in_context(series: Series, width: float, words: Wording) -> Figure:
    """What examples are worth: right of zero they help."""
    names = series.groups("asked")
    figure, axes = canvas(width, 1.0 + 0.5 * len(names))
    axes.axvline(0, color=COLOURS["ink"], linewidth=1)
    for i, part in enumerate(names):
        for row in part.rows:
            system, (value, low, high) = str(row[1]), (float(v) for v in row[2:5])
            interval(
                axes, (value, low, high), i + SYSTEMS[system], COLOURS[system], 3, words,
                filled=system == "adapted",
            )  # fmt: skip
    _names(axes, [(str(p.rows[0][0]), f"n = {words.integer(int(p.rows[0][5]))}") for p in names], width)
    rows_only(axes)
    axes.set_ylim(len(names) - 0.5, -0.5)
    low, high = min(*series.numbers("low"), 0.0), max(*series.numbers("high"), 0.0)
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.06 * span, high + (0.16 if width > 5 else 0.3) * span)
    axes.set_xlabel(words("chart.gain"))
    legend(figure, words)
    return figure


def _tick(axes: Axes, at: float, y: float, colour: str, linewidth: float) -> None:
    axes.plot([at, at], [y - 0.15, y + 0.15], color=colour, linewidth=linewidth, zorder=1)


def _names(axes: Axes, rows: list[tuple[str, str]], width: float) -> None:
    """Two lines a row, name and what belongs to it; long names are cut on a phone, the table has them whole."""
    most = 40 if width > 5 else 22
    axes.set_yticks([])
    for i, (name, note) in enumerate(rows):
        beside(axes, name if len(name) <= most else f"{name[: most - 1]}…", i, 6, COLOURS["ink"])
        beside(axes, note, i, -6, COLOURS["soft"])
