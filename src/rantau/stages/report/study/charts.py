"""Charts of a study: boxes, bars and points of every arm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rantau.stages.report.ink import COLOURS, panels_of
from rantau.stages.report.precision import scaled
from rantau.stages.report.series import Series
from rantau.stages.report.study.naming import metric_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BASE_NAME = "base model"
ROW = 0.27  # inches an arm
PERCENT = ("weighted_f1", "semantic_match", "exact_match", "language_fidelity")


def unit_of(metric: str) -> str:
    return "share" if metric.partition(":")[0] in PERCENT else "points"


def axis_label(metric: str) -> str:
    unit = ", %" if unit_of(metric) == "share" else ""
    return f"{metric_name(metric)}{unit}"


def boxes(series: Series, width: float) -> Figure:
    """A box an arm over its runs, with every run as a point; one panel a metric."""
    parts = series.groups("metric")
    figure, panels, arms = _panels(series, parts, width)
    for axes, part in zip(panels, parts, strict=True):
        metric = str(part.rows[0][1])
        values = [[scaled(v, unit_of(metric)) for v in part.where("arm", arm).numbers("value")] for arm in arms]
        places = range(len(arms))
        _boxes(axes, values, list(places), arms)
        for place, found in zip(places, values, strict=True):
            offsets = [0.16 * (i / max(len(found) - 1, 1) - 0.5) for i in range(len(found))]
            points = [place + o for o in offsets]
            axes.plot(found, points, "o", color=COLOURS["mark"], markersize=2.6, alpha=0.9, zorder=3)
        _finish(axes, arms, metric, first=axes is panels[0] or width < 5)
    return figure


def bars(series: Series, width: float) -> Figure:
    """A bar an arm with its interval over items and its chance; one panel a metric."""
    parts = series.groups("metric")
    figure, panels, arms = _panels(series, parts, width)
    for axes, part in zip(panels, parts, strict=True):
        metric = str(part.rows[0][1])
        for arm, _, *numbers, chance in part.rows:
            place = arms.index(str(arm))
            value, low, high, spread = (scaled(float(n), unit_of(metric)) for n in numbers)
            axes.barh(place, value, 0.62, color=_colour(str(arm)))
            if chance != "":
                axes.plot([scaled(float(chance), unit_of(metric))] * 2, [place - 0.45, place + 0.45],
                          color=COLOURS["ink"], linewidth=1.6, linestyle=(0, (1, 1)), zorder=4)  # fmt: skip
            axes.plot([low, high], [place, place], color=COLOURS["ink"], linewidth=1.1, solid_capstyle="butt")
            axes.plot([value - spread, value + spread], [place] * 2, color=COLOURS["mark"], linewidth=3.2,
                      solid_capstyle="butt", zorder=3)  # fmt: skip
        axes.set_xlim(left=0)
        _finish(axes, arms, metric, first=axes is panels[0] or width < 5)
    return figure


def points(series: Series, width: float) -> Figure:
    """Every run as a point, with the mean of an arm as an upright line."""
    parts = series.groups("metric")
    figure, panels, arms = _panels(series, parts, width)
    for axes, part in zip(panels, parts, strict=True):
        metric = str(part.rows[0][1])
        for place, arm in enumerate(arms):
            values = [scaled(v, unit_of(metric)) for v in part.where("arm", arm).numbers("value")]
            if values:
                mean = sum(values) / len(values)
                axes.plot(values, [place] * len(values), "o", color=_colour(arm), markersize=4.2, alpha=0.75)
                axes.plot([mean] * 2, [place - 0.34, place + 0.34], color=COLOURS["mark"], linewidth=2)
        _finish(axes, arms, metric, first=axes is panels[0] or width < 5)
    return figure


def bits_per_byte(series: Series, width: float) -> Figure:
    texts = series.groups("text")
    arms = [str(a) for a in dict.fromkeys(series.column("arm"))]
    narrow = width < 5
    rows, columns = (len(texts), 1) if narrow else (-(-len(texts) // 2), min(len(texts), 2))
    figure, panels = panels_of(width, rows * (0.75 + ROW * len(arms)), rows=rows, columns=columns)
    for axes in panels[len(texts) :]:
        axes.set_visible(False)
    for i, (axes, part) in enumerate(zip(panels, texts, strict=False)):
        for arm, _, *numbers in part.rows:
            place = arms.index(str(arm))
            value, low, high, _spread = (float(n) for n in numbers)
            _interval(axes, value, low, high, place, _colour(str(arm)))
        axes.set_title(str(part.rows[0][1]))
        _rows(axes, arms, first=i % columns == 0)
        axes.set_xlabel("bits per byte (lower is better)")
    return figure


def differences(series: Series, width: float) -> Figure:
    """A forest: each arm minus the base model; filled where Holm leaves a difference."""
    parts = [p for m in series.groups("metric") for p in m.groups("name")]
    arms = [str(a) for a in dict.fromkeys(series.column("arm"))]
    figure, panels = panels_of(width, len(parts) * (0.75 + ROW * len(arms)), rows=len(parts))
    for axes, part in zip(panels, parts, strict=True):
        unit = str(part.rows[0][3])
        for row in part.rows:
            value, low, high = (scaled(float(n), unit) for n in row[4:7])
            told = row[8] in ("better", "worse")
            _interval(axes, value, low, high, arms.index(str(row[0])), COLOURS["adapted"], filled=told)
        axes.axvline(0, color=COLOURS["ink"], linewidth=1)
        axes.set_title(f"{metric_name(str(part.rows[0][1]))}, {part.rows[0][2]}")
        _rows(axes, arms, first=True)
        axes.set_xlabel(
            {"relative": "change, %", "share": "difference, percentage points"}.get(unit, "difference")
        )
    return figure


def others(series: Series, width: float) -> Figure:
    """BLEU over ROUGE-L. Filled: measured here. Hollow: as published, on other items by other code."""
    figure, (axes,) = panels_of(width, 4.2 if width > 5 else 4.6)
    looks: dict[str, dict[str, Any]] = {
        "this study": {"marker": "o", "color": COLOURS["adapted"]},
        "published arm": {"marker": "o", "color": COLOURS["base"], "markerfacecolor": COLOURS["paper"]},
        "published, other model": {"marker": "s", "color": COLOURS["mark"], "markerfacecolor": COLOURS["paper"]},
    }
    stem = _stem([str(row[0]) for row in series.rows if row[1] != "published, other model"])
    for part in series.groups("whose"):
        look = looks[str(part.rows[0][1])]
        for name, _, x, dx, y, dy in part.rows:
            place = float(x), float(y)
            style = {"elinewidth": 0.8, "markersize": 6, "linestyle": "none", **look}
            axes.errorbar(*place, xerr=float(dx), yerr=float(dy), **style)
            text, near = _short(str(name).removeprefix(stem)), {"xytext": (5, 4), "textcoords": "offset points"}
            axes.annotate(text, place, fontsize=7.5, color=look["color"], **near)  # type: ignore[arg-type]
    axes.grid(axis="both")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.margins(0.12)
    axes.set_xlabel("ROUGE-L, points")
    axes.set_ylabel("BLEU, points")
    _legend(figure, looks, [str(p.rows[0][1]) for p in series.groups("whose")], columns=3 if width > 5 else 1)
    return figure


DRAWINGS: dict[str, Callable[[Series, float], Figure]] = {
    "bleu": boxes, "rouge_means": bars, "rouge_runs": boxes, "f1_means": bars, "f1_runs": points,
    "others": others, "bits_per_byte": bits_per_byte, "differences": differences,
}  # fmt: skip


def _panels(series: Series, parts: Sequence[Series], width: float) -> tuple[Figure, list[Axes], list[str]]:
    """Panels side by side on a screen, one below the other on a phone; and the arms, in order."""
    arms = [str(a) for a in dict.fromkeys(series.column("arm"))]
    height = 0.62 + ROW * len(arms)
    if width < 5:
        figure, panels = panels_of(width, height * len(parts), rows=len(parts))
    else:
        figure, panels = panels_of(width, height, columns=len(parts))
    return figure, panels, arms


def _boxes(axes: Axes, values: list[list[float]], places: list[int], arms: list[str]) -> None:
    found = axes.boxplot(
        values, positions=places, orientation="horizontal", widths=0.58, patch_artist=True, showfliers=False,
        medianprops={"color": COLOURS["ink"], "linewidth": 1.4}, whiskerprops={"color": COLOURS["soft"]},
        capprops={"color": COLOURS["soft"]}, manage_ticks=False,
    )  # fmt: skip
    for box, arm in zip(found["boxes"], arms, strict=True):
        box.set(facecolor=COLOURS["rule"] if arm == BASE_NAME else COLOURS["pale"], edgecolor=COLOURS["soft"])


def _interval(
    axes: Axes, value: float, low: float, high: float, place: int, colour: str, *, filled: bool = True
) -> None:
    axes.plot([low, high], [place] * 2, color=colour, linewidth=1.8, solid_capstyle="butt")
    face = colour if filled else COLOURS["paper"]
    axes.plot([value], [place], "o", color=colour, markerfacecolor=face, markersize=5.2, markeredgewidth=1.4)


def _finish(axes: Axes, arms: list[str], metric: str, *, first: bool) -> None:
    axes.set_xlabel(axis_label(metric))
    _rows(axes, arms, first=first)


def _rows(axes: Axes, arms: list[str], *, first: bool) -> None:
    """One row an arm, the first on top; names only beside the first panel."""
    axes.set_yticks(range(len(arms)), [_short(arm) for arm in arms] if first else [""] * len(arms))
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def _colour(arm: str) -> str:
    return COLOURS["base" if arm == BASE_NAME else "adapted"]


def _stem(names: Sequence[str]) -> str:
    """What the names of arms begin with, up to a dash: iteration-3 is told as 3 where room is short."""
    arms = [name for name in dict.fromkeys(names) if name != BASE_NAME]
    stem = f"{arms[0].rpartition('-')[0]}-" if len(arms) > 2 else ""
    return stem if len(stem) > 1 and all(name.startswith(stem) for name in arms) else ""


def _short(name: str, at_most: int = 24) -> str:
    return name if len(name) <= at_most else f"{name[: at_most - 1]}…"


def _legend(figure: Figure, looks: dict[str, dict[str, Any]], shown: list[str], *, columns: int) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], linestyle="none", markersize=6, label=name, **looks[name]) for name in shown]
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, handletextpad=0.3, columnspacing=1.4)
