"""The page: one self-contained HTML file, figures, numbers and styles inside."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from rantau.recipe import Recipe
from rantau.stages.report import precision, tables
from rantau.stages.report.captions import captions
from rantau.stages.report.card.environment import device_line, energy_sentences
from rantau.stages.report.facts import Facts
from rantau.stages.report.figures import Drawn
from rantau.stages.report.ink import inline
from rantau.stages.report.limits import limits
from rantau.stages.report.recipe_text import recipe_text
from rantau.stages.report.running import Running
from rantau.stages.report.samples import rule
from rantau.stages.report.verdict import sentence, spoken, tally
from rantau.stages.report.vocabulary_tables import told
from rantau.stages.report.wording import ENGLISH

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure on the page. data: its CSV as a data: address"""

    name: str
    title: str
    caption: str
    wide: Markup
    narrow: Markup
    data: str
    n_rows: int


def render_page(facts: Facts, recipe: Recipe, running: Running, figures: Sequence[Drawn]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(here), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["visible"] = visible
    environment.filters["signed"] = precision.signed
    environment.filters["breakable"] = breakable
    text = environment.get_template("page.html.jinja").render(
        facts=facts,
        recipe=recipe,
        running=running,
        style=Markup((here / "style.css").read_text(encoding="utf-8")),
        verdict=sentence(facts),
        spoken=spoken(facts),
        tally=tally(facts),
        limits=limits(facts, recipe),
        figures={f.series.name: _shown(f, facts) for f in figures},
        rule=rule(facts.picked, facts.n_items),
        device=device_line(running),
        energy=energy_sentences(recipe, running, ENGLISH),
        tables=tables,
        added=told(facts.vocabulary) if facts.vocabulary else "",
        last_adapter=recipe.adapter_of(recipe.phases[-1]),
        labels={x.label: x.name for x in (facts.source, facts.target) if x.label},
        yaml=recipe_text(recipe),
    )
    return visible(text)


def visible(text: str) -> str:
    """Control characters and broken surrogates as U+FFFD: HTML and UTF-8 cannot carry them."""
    return CONTROL.sub("\ufffd", text)


def breakable(text: str) -> Markup:
    """Paths, field names and signatures may break behind / : _ | and the dot of a name, but not of a number."""
    return Markup(re.sub(r"([/:_|](?=\w)|\.(?=[^\W\d]))", r"\1<wbr>", str(escape(text))))


def _shown(figure: Drawn, facts: Facts) -> Shown:
    series = figure.series
    title, caption = captions(series, facts)
    label = str(escape(f"{title}. {caption}"))
    wide = Markup(inline(figure.wide, f"{series.name}-wide", label=label))
    narrow = Markup(inline(figure.narrow, f"{series.name}-narrow", label=label))
    coded = base64.b64encode(series.csv.encode()).decode()
    data = f"data:text/csv;charset=utf-8;base64,{coded}"
    return Shown(series.name, title, caption, wide, narrow, data, len(series.rows))
