"""The page of a study: one self-contained HTML file, and its figures with their numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rantau import files
from rantau.stages.report.figures import NARROW, WIDE, Drawn
from rantau.stages.report.html import Shown, breakable, environment, shown, styles, visible
from rantau.stages.report.ink import SETTINGS, svg_of
from rantau.stages.report.recipe_text import yaml_of
from rantau.stages.report.series import Series
from rantau.stages.report.study import naming, tables, verdict
from rantau.stages.report.study.captions import caption
from rantau.stages.report.study.charts import DRAWINGS
from rantau.stages.report.study.facts import StudyFacts, arm_name, read_study
from rantau.stages.report.study.series import all_series
from rantau.stages.report.table import Table

PAGE = "study.html"


def write_page(folder: Path) -> Path:
    """Reads folder/study.json and writes folder/study.html and folder/figures; the page last. Returns the page."""
    facts = read_study(folder / "study.json")
    figures = []
    for series in all_series(facts):
        wide, narrow = (_svg(series, width) for width in (WIDE, NARROW))
        files.write_text(folder / "figures" / f"{series.name}.csv", series.csv)
        files.write_text(folder / "figures" / f"{series.name}.svg", wide)
        figures.append(shown(Drawn(series, wide, narrow), *caption(series.name, facts)))
    files.write_text(folder / PAGE, render_page(facts, figures))
    return folder / PAGE


def render_page(facts: StudyFacts, figures: Sequence[Shown]) -> str:
    templates = environment("study")
    templates.filters["breakable"] = breakable
    text = templates.get_template("study.html.jinja").render(
        facts=facts,
        style=styles("study/study.css"),
        headline=verdict.headline(facts),
        against_base=verdict.against_base(facts),
        rivals=verdict.rivals(facts),
        cautions=verdict.cautions(facts),
        figures={figure.name: figure for figure in figures},
        methods=tables.methods(facts),
        results=tables.results(facts),
        published=tables.published(facts),
        ranks=tables.ranks(facts),
        differences=[_family(facts, against) for against in facts.against()],
        spread=tables.spread(facts),
        costs=tables.costs(facts),
        failed=tables.failed(facts),
        changes=[(arm["name"], arm["differences"]) for arm in facts.arms],
        signatures=_signatures(facts),
        study_yaml=yaml_of(facts.study),
        recipe_yaml=yaml_of(facts.recipe),
    )
    return visible(text)


def _family(facts: StudyFacts, against: str) -> tuple[str, str, Table]:
    """id, heading and table of all arms against one"""
    return f"against-{against or 'base'}", f"Against {arm_name(against)}", tables.differences(facts, against)


def _signatures(facts: StudyFacts) -> list[tuple[str, str]]:
    """How each figure was computed; the first arm that has it speaks for all."""
    told: dict[tuple[str, str], str] = {}
    for figure in facts.figures:
        if figure.arm:
            told.setdefault(figure.key, figure.signature)
    return [(naming.label_of(key, facts.keys), text) for key, text in told.items()]


def _svg(series: Series, width: float) -> str:
    from matplotlib import rc_context

    with rc_context(SETTINGS):  # type: ignore[arg-type]  # keys are a Literal there
        return visible(svg_of(DRAWINGS[series.name](series, width), f"study-{series.name}-{width:g}"))
