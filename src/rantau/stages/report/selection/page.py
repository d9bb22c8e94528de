"""The page of a selection: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from rantau.stages.report.html import breakable, csv_address, environment, styles, visible
from rantau.stages.report.precision import percent
from rantau.stages.report.recipe_text import yaml_of
from rantau.stages.report.selection import tables
from rantau.stages.report.selection.captions import caption
from rantau.stages.report.selection.drawing import Drawn, cluster_colours, subset_colours
from rantau.stages.report.selection.excerpt import excerpt
from rantau.stages.report.selection.facts import Clusters, SelectionFacts
from rantau.stages.report.selection.map_drawing import TITLES
from rantau.stages.report.selection.palette import OTHER, inline_in_groups
from rantau.stages.report.selection.verdict import others, sentence, warnings

Legend = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Panels:
    """Maps in one colouring. legend: (number, text, colour name)"""

    by: str
    legend: Legend
    drawings: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """data: its CSV as a data: address; a figure has wide and narrow drawings, or panels"""

    name: str
    title: str
    caption: str
    data: str
    n_rows: int
    wide: Markup
    narrow: Markup
    panels: tuple[Panels, ...]
    legend: Legend


def render_page(facts: SelectionFacts, asked: Mapping[str, Any], figures: Sequence[Drawn]) -> str:
    """asked: the part of the recipe that is printed, as plain values"""
    templates = environment("selection")
    templates.filters.update(breakable=breakable, excerpt=excerpt, percent=percent)
    text = templates.get_template("selection.html.jinja").render(
        facts=facts,
        style=styles("selection/selection.css"),
        verdict=sentence(facts),
        others=others(facts),
        warnings=warnings(facts),
        figures={f.numbered.series.name: _figure(f, facts) for f in figures},
        colours={step.name: cluster_colours(found) for step, found in facts.found},
        tables=tables,
        yaml=yaml_of(dict(asked)),
    )
    return visible(text)


def _figure(drawn: Drawn, facts: SelectionFacts) -> Figure:
    numbered, series = drawn.numbered, drawn.numbered.series
    found = next((c for step, c in facts.found if step.name == numbered.step), None)
    title, words = caption(numbered.kind, facts, found)
    label = str(escape(visible(f"{title}. {words}")))
    return Figure(
        name=series.name,
        title=title,
        caption=words,
        data=csv_address(series),
        n_rows=len(series.rows),
        wide=_inline(drawn.wide, f"{series.name}-wide", label),
        narrow=_inline(drawn.narrow, f"{series.name}-narrow", label),
        panels=tuple(_panels(drawn, found)) if found else (),
        legend=_subset_legend(found) if found and numbered.kind == "composition" else (),
    )


def _inline(svg: str, name: str, label: str) -> Markup:
    return Markup(inline_in_groups(svg, name, label=label)) if svg else Markup()


def _panels(drawn: Drawn, found: Clusters) -> Iterable[Panels]:
    legends = {"cluster": _cluster_legend(found), "subset": _subset_legend(found)}
    for by, svgs in drawn.panels:
        shown = []
        for name, svg in zip(found.maps, svgs, strict=True):
            label = f"{TITLES.get(name, name)} map of the rows, coloured by {by}."
            shown.append(_inline(svg, f"{drawn.numbered.series.name}-{by}-{name}", label))
        yield Panels(by, legends[by], tuple(shown))


def _cluster_legend(found: Clusters) -> Legend:
    colours = cluster_colours(found)
    own = [
        (str(c.number), excerpt(c.name, 30), colours[str(c.number)])
        for c in found.clusters
        if _has_own(colours, c.number)
    ]
    return (*own, *((("", "other clusters", OTHER),) if len(own) < len(found.clusters) else ()))


def _has_own(colours: Mapping[str, str], number: int) -> bool:
    return colours[str(number)] != OTHER


def _subset_legend(found: Clusters) -> Legend:
    own = [("", excerpt(text, 44), colour) for text, colour in subset_colours(found).items()]
    return (*own, ("", "other", OTHER))
