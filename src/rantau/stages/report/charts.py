"""Charts: named rows of results and of the mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rantau.stages.report.ink import COLOURS, panels_of
from rantau.stages.report.precision import number, signed
from rantau.stages.report.series import Series
from rantau.stages.report.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SYSTEMS = ("base", "adapted")


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure, panels = panels_of(width, height)
    return figure, panels[0]


def rows_only(axes: Axes) -> None:
    """A chart of named rows: no line on the left, no ticks, faint vertical grid."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.margins(y=0)


def interval(
    axes: Axes, row: tuple[float, float, float], y: float, colour: str, digits: int, words: Wording, *,
    filled: bool, sign: bool = False, note: str = "",
) -> None:  # fmt: skip
    """A point with its interval, and behind it the value and a note."""
    value, low, high = row
    axes.plot([low, high], [y, y], color=colour, linewidth=2, solid_capstyle="butt", zorder=2, clip_on=False)
    face = colour if filled else COLOURS["paper"]
    axes.plot(
        [value], [y], "o", color=colour, markerfacecolor=face, markersize=6, markeredgewidth=1.6, zorder=3,
        clip_on=False,
    )  # fmt: skip
    text = words.local((signed if sign else number)(value, digits))
    axes.annotate(
        f"{text}  {note}" if note else text, (max(high, value), y), xytext=(7, 0), textcoords="offset points",
        va="center", fontsize=8.5, zorder=4,
        bbox={"facecolor": COLOURS["paper"], "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
    )  # fmt: skip


def beside(axes: Axes, text: str, row: int, up: float, colour: str) -> None:
    """One of two lines of a row's name. A tick label of two lines would not align in another font."""
    axes.annotate(
        text, (0, row), xytext=(-8, up), xycoords=("axes fraction", "data"), textcoords="offset points",
        ha="right", va="center", color=colour,
    )  # fmt: skip


def legend(
    figure: Figure, words: Wording, *, filled: bool = False, chance: bool = False, ceiling: bool = False
) -> None:
    """Before and after, and the marks of chance and ceiling where they are drawn."""
    from matplotlib.lines import Line2D

    style = {"linestyle": "none", "marker": "s" if filled else "o", "markersize": 6, "markeredgewidth": 1.6}
    handles = [
        Line2D(
            [], [], color=COLOURS[s], label=words(f"chart.{s}"), **style,  # type: ignore[arg-type]
            markerfacecolor=COLOURS["paper"] if s == "base" and not filled else COLOURS[s],
        )
        for s in SYSTEMS
    ]  # fmt: skip
    for key, shown, colour, edge in (("chance", chance, "soft", 1.6), ("ceiling", ceiling, "mark", 3)):
        if shown:
            mark = Line2D([], [], linestyle="none", marker="|", markersize=9, markeredgewidth=edge,
                          color=COLOURS[colour], label=words(f"chart.{key}"))  # fmt: skip
            handles.append(mark)
    columns = len(handles) if figure.get_size_inches()[0] > 5 else 2
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, handletextpad=0.3, columnspacing=1.4)


def bits_per_byte(series: Series, width: float, words: Wording) -> Figure:
    texts = series.groups("text")
    figure, axes = canvas(width, 0.75 + 0.52 * len(texts))
    for i, part in enumerate(texts):
        for row in part.rows:
            system, value, low, high = str(row[2]), float(row[3]), float(row[4]), float(row[5])
            y = i + (-0.17 if system == "base" else 0.17)
            interval(axes, (value, low, high), y, COLOURS[system], 3, words, filled=system == "adapted")
    axes.set_yticks([])
    for i, part in enumerate(texts):
        name, language, n = part.rows[0][0], part.rows[0][1], part.rows[0][6]
        beside(axes, str(name), i, 6, COLOURS["ink"])
        beside(axes, f"{language}, n = {words.integer(int(n))}", i, -6, COLOURS["soft"])
    rows_only(axes)
    axes.set_ylim(len(texts) - 0.5, -0.5)
    axes.set_xlim(0, 1.14 * max(series.numbers("high")))
    axes.set_xlabel(words("chart.bits"))
    legend(figure, words)
    return figure


def change_per_document(series: Series, width: float, words: Wording) -> Figure:
    texts = series.groups("text")
    figure, panels = panels_of(width, 0.55 + 1.0 * len(texts), rows=len(texts), sharex=True)
    for axes, part in zip(panels, texts, strict=True):
        left, right = part.numbers("from_percent"), part.numbers("to_percent")
        colours = [COLOURS["mark"] if start >= 0 else COLOURS["adapted"] for start in left]
        widths = [b - a for a, b in zip(left, right, strict=True)]
        axes.bar(left, part.numbers("documents"), widths, align="edge", color=colours, edgecolor=COLOURS["paper"])
        axes.axvline(0, color=COLOURS["ink"], linewidth=1)
        worse = sum(n for n, start in zip(part.numbers("documents"), left, strict=True) if start >= 0)
        total = sum(part.numbers("documents"))
        better, n = words.integer(round(total - worse)), words.integer(round(total))
        axes.set_title(words("chart.of_better", name=str(part.rows[0][0]), better=better, n=n))
        axes.grid(axis="y")
        axes.locator_params(axis="y", integer=True, nbins=3)
    figure.supylabel(words("chart.documents"), color=COLOURS["soft"], fontsize=9)
    panels[-1].set_xlabel(words("chart.change_percent"))
    return figure


def answer_language(series: Series, width: float, words: Wording) -> Figure:
    groups = series.groups("answers_in")
    figure, axes = canvas(width, 0.75 + 0.46 * len(groups))
    for i, part in enumerate(groups):
        for _, system, count in part.rows:
            y = i + (-0.18 if system == "base" else 0.18)
            axes.barh(y, float(count), 0.32, color=COLOURS[str(system)])
            axes.annotate(
                words.integer(int(count)),
                (float(count), y),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )
    axes.set_yticks(range(len(groups)), [str(part.rows[0][0]) for part in groups])
    rows_only(axes)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(0, 1.1 * max(*series.numbers("answers"), 1))
    axes.set_xlabel(words("chart.answers"))
    legend(figure, words, filled=True)
    return figure


def composition(series: Series, width: float, words: Wording) -> Figure:
    phases = series.groups("phase")
    heights = [len(part.rows) for part in phases]
    figure, panels = panels_of(
        width, 0.6 + 0.34 * sum(heights) + 0.3 * len(phases), rows=len(phases), sharex=True,
        height_ratios=heights,
    )  # fmt: skip
    for axes, part in zip(panels, phases, strict=True):
        for i, (_, _, _, tokens, share, asked) in enumerate(part.rows):
            axes.barh(i, float(share), 0.56, color=COLOURS["adapted"])
            axes.plot([float(asked)] * 2, [i - 0.4, i + 0.4], color=COLOURS["mark"], linewidth=2.4)
            end = max(float(share), float(asked))
            text = words("chart.tokens", share=words.percent(float(share) / 100), n=words.integer(int(tokens)))
            axes.annotate(text, (end, i), xytext=(7, 0), textcoords="offset points", va="center", fontsize=8.5)
        names = [f"{row[1]} ({row[2]})" for row in part.rows]
        axes.set_yticks(range(len(names)), names if width > 5 else [str(row[1]) for row in part.rows])
        rows_only(axes)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_title(f"{part.rows[0][0]}")
    room = 1.38 if width > 5 else 2.1  # for the words behind the longest bar
    panels[-1].set_xlim(0, room * max(*series.numbers("share_percent"), *series.numbers("asked_percent")))
    panels[-1].set_xticks([t for t in (0, 25, 50, 75, 100) if t <= panels[-1].get_xlim()[1]])
    panels[-1].set_xlabel(words("chart.token_share"))
    return figure
