"""Ink: the colours and type of all figures, and SVG text that depends on nothing but what is drawn."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Name -> colour on white, each at 3:1 or more where it carries meaning. The page gives the same names other
# colours in the dark (style.css), so every colour stands for exactly one name.
COLOURS = {
    "ink": "#1b2330",
    "soft": "#566070",
    "rule": "#d9dde3",
    "base": "#7b8594",
    "adapted": "#0b6b7a",
    "pale": "#9cc5cb",
    "mark": "#b4530f",
    "paper": "#fefefe",
}
SANS = ["DejaVu Sans", "sans-serif"]
SETTINGS = {
    "svg.fonttype": "none",  # text stays text: small files, searchable, in the reader's font
    "svg.image_inline": True,
    "text.parse_math": False,
    "font.family": SANS,
    "font.size": 9,
    "text.color": COLOURS["ink"],
    "axes.labelcolor": COLOURS["soft"],
    "axes.edgecolor": COLOURS["soft"],
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": COLOURS["ink"],
    "axes.unicode_minus": True,
    "figure.facecolor": COLOURS["paper"],
    "grid.color": COLOURS["rule"],
    "grid.linewidth": 0.7,
    "xtick.color": COLOURS["soft"],
    "ytick.color": COLOURS["soft"],
    "xtick.labelcolor": COLOURS["soft"],
    "ytick.labelcolor": COLOURS["ink"],
    "legend.frameon": False,
    "legend.labelcolor": COLOURS["ink"],
}
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def panels_of(
    width: float, height: float, rows: int = 1, columns: int = 1, *, sharex: bool = False,
    height_ratios: Sequence[float] | None = None,
) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """A figure, in inches, and its panels, row by row."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=sharex, height_ratios=height_ratios)
    return figure, [axes for row in grid for axes in row]


@contextmanager
def wide_letters() -> Iterator[None]:
    """Text is measured with room for wide letters (Hangul, Han, kana), which the measuring font does not have.

    The drawing keeps its text as text, in the font of its reader; only the room for it is reckoned here.
    """
    from matplotlib.backends.backend_svg import RendererSVG

    measured: Any = RendererSVG.get_text_width_height_descent

    def with_room(self: Any, s: str, prop: Any, ismath: Any) -> Any:
        stand_in = "".join("m" if unicodedata.east_asian_width(c) in "WF" else c for c in s)
        return measured(self, stand_in, prop, ismath)

    RendererSVG.get_text_width_height_descent = with_room  # type: ignore[method-assign]
    try:
        yield
    finally:
        RendererSVG.get_text_width_height_descent = measured  # type: ignore[method-assign]


def svg_of(figure: Figure, name: str) -> str:
    """The figure as an SVG file; `name` seeds the ids inside."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata=NO_METADATA)
    text = re.sub(r"<!DOCTYPE.*?>\s*", "", buffer.getvalue(), count=1, flags=re.DOTALL)
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def inline(svg: str, name: str, *, label: str) -> str:
    """The SVG for the inside of a page: ids of its own, colours and type of the page, read out as `label`.

    label  plain text, already escaped
    """
    text = re.sub(r"^.*?(?=<svg)", "", svg, count=1, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r' width="[^"]*pt" height="[^"]*pt"', "", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text).replace("url(#", f"url(#{name}-")
    text = re.sub(r"font: ([^;\"]*?)(\d[\d.]*px)[^;\"]*", r"font: \1\2 var(--sans)", text)
    for colour, code in COLOURS.items():
        text = text.replace(code, f"var(--{colour})")
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
