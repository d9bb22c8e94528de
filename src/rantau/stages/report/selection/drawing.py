"""Drawing: every series of a selection as SVG for the page, and as the file beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rantau.stages.report.figures import NARROW, WIDE
from rantau.stages.report.html import visible
from rantau.stages.report.ink import SETTINGS, svg_of
from rantau.stages.report.selection.canvas import legend
from rantau.stages.report.selection.charts import DRAWINGS, Drawing, colours_of
from rantau.stages.report.selection.excerpt import excerpt
from rantau.stages.report.selection.facts import Clusters
from rantau.stages.report.selection.map_drawing import By, all_maps, compact, maps_of, one_map
from rantau.stages.report.selection.palette import colour_names
from rantau.stages.report.selection.series import Numbered, coloured_subsets
from rantau.stages.report.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Drawn:
    """file: SVG with all legends; wide and narrow: for a screen and a phone; panels: a map each, by colouring"""

    numbered: Numbered
    file: str
    wide: str = ""
    narrow: str = ""
    panels: tuple[tuple[By, tuple[str, ...]], ...] = ()


@contextmanager
def settings() -> Iterator[None]:
    """Text stays text in the file, so a letter that this machine's font lacks is no defect."""
    from matplotlib import rc_context

    with rc_context(SETTINGS), warnings.catch_warnings():  # type: ignore[arg-type]  # keys are a Literal there
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        yield


def draw(numbered: Numbered, found: Clusters | None) -> Drawn:
    """found: what the step of the series found; None for the figures of no step"""
    if numbered.kind == "maps":
        assert found is not None
        return _drawn_maps(numbered, found)
    wide, narrow = (_svg(DRAWINGS[numbered.kind], numbered, width) for width in (WIDE, NARROW))
    with_legend = wide
    if numbered.kind == "composition":
        with_legend = _svg(_composition_with_legend, numbered, WIDE)
    return Drawn(numbered, with_legend, wide, narrow)


def cluster_colours(found: Clusters) -> dict[str, str]:
    return colour_names([str(n) for n in found.ranked])


def subset_colours(found: Clusters) -> dict[str, str]:
    return colour_names(coloured_subsets(found))


def _svg(drawing: Drawing, numbered: Numbered, width: float) -> str:
    with settings():
        # a control character in a name would make the file no XML
        return visible(svg_of(drawing(numbered.series, width), f"{numbered.series.name}-{width:g}"))


def _composition_with_legend(series: Series, width: float) -> Figure:
    figure = DRAWINGS["composition"](series, width)
    legend(figure, {excerpt(s, 40): c for s, c in colours_of(series).items()}, columns=2)
    return figure


def _drawn_maps(numbered: Numbered, found: Clusters) -> Drawn:
    series, name = numbered.series, numbered.series.name
    clusters, subsets = cluster_colours(found), subset_colours(found)
    panels: list[tuple[By, tuple[str, ...]]] = []
    with settings():
        file = visible(compact(svg_of(all_maps(series, clusters, subsets), name)))
        colourings: dict[By, dict[str, str]] = {"cluster": clusters, "subset": subsets}
        for by, colours in colourings.items():
            drawn = (svg_of(one_map(series, m, by, colours), f"{name}-{by}-{m}") for m in maps_of(series))
            panels.append((by, tuple(compact(svg) for svg in drawn)))
    return Drawn(numbered, file, panels=tuple(panels))
