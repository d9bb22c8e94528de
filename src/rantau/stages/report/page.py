"""The page: one self-contained HTML file, figures, numbers and styles inside, in the recipe's language."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any

from markupsafe import Markup, escape

from rantau.recipe import Recipe
from rantau.stages.report import precision, tables
from rantau.stages.report.captions import captions
from rantau.stages.report.card.details import reproduction, template_notes, title
from rantau.stages.report.card.environment import device_line, energy_sentences
from rantau.stages.report.commands import commands
from rantau.stages.report.cost_facts import tiles
from rantau.stages.report.facts import Facts
from rantau.stages.report.figures import Drawn
from rantau.stages.report.headline import MARGIN, headline
from rantau.stages.report.ink import inline
from rantau.stages.report.limits import limits
from rantau.stages.report.maps import ClusterMap
from rantau.stages.report.recipe_text import recipe_text
from rantau.stages.report.running import Running
from rantau.stages.report.samples import rule
from rantau.stages.report.sections import has_forgetting, meanings, sections
from rantau.stages.report.verdict import sentence, spoken, tally
from rantau.stages.report.vocabulary_tables import told
from rantau.stages.report.wording import Wording

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
HTML_LANGUAGES = {"eng": "en", "ind": "id", "kor": "ko"}


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


def render_page(
    facts: Facts, recipe: Recipe, running: Running, figures: Sequence[Drawn], maps: Sequence[ClusterMap] = ()
) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rantau.stages.report", "templates"), undefined=StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    words = Wording(recipe.report.language)
    environment.filters.update(
        visible=visible, breakable=breakable, signed=lambda v: words.local(precision.signed(v, 1)),
        fixed=partial(words.number, digits=1), count=words.integer,
    )  # fmt: skip
    environment.globals.update(w=words, figures={f.series.name: _shown(f, facts, words) for f in figures})
    text = environment.get_template("page.html.jinja").render(
        facts=facts, recipe=recipe, running=running, tables=tables, maps=[_inlined(m) for m in maps],
        style=Markup(_style(with_maps=bool(maps))), html_language=HTML_LANGUAGES[recipe.report.language],
        **_said(facts, recipe, running, words),
    )  # fmt: skip
    return visible(text)


def _said(facts: Facts, recipe: Recipe, running: Running, words: Wording) -> Mapping[str, Any]:
    """All sentences that are made from facts."""
    return {
        "title": title(facts, recipe, words),
        "headline": headline(facts, words),
        "margin": words.percent(MARGIN, 0),
        "verdict": sentence(facts, words),
        "spoken": spoken(facts, words),
        "tally": tally(facts, words),
        "sections": sections(facts),
        "forgetting": has_forgetting(facts),
        "meanings": meanings(facts, words),
        "limits": limits(facts, recipe, words),
        "rule": rule(facts.picked, facts.n_items, words),
        "device": device_line(running, words),
        "tiles": tiles(recipe, running, words),
        "energy": energy_sentences(recipe, running, words),
        "commands": commands(facts, running, words),
        "added": told(facts.vocabulary, words) if facts.vocabulary else "",
        "last_adapter": recipe.adapter_of(recipe.phases[-1]),
        "labels": {
            x.label: words.language_name(x.code, facts.languages) for x in (facts.source, facts.target) if x.label
        },
        "notes": template_notes(facts, words),
        "reproduction": reproduction(recipe, words),
        "yaml": recipe_text(recipe),
    }


def visible(text: str) -> str:
    """Control characters and broken surrogates as U+FFFD: HTML and UTF-8 cannot carry them."""
    return CONTROL.sub("\ufffd", text)


def breakable(text: str) -> Markup:
    """Paths, field names and signatures may break behind / : _ | and the dot of a name, but not of a number."""
    return Markup(re.sub(r"([/:_|](?=\w)|\.(?=[^\W\d]))", r"\1<wbr>", str(escape(text))))


def _style(*, with_maps: bool) -> str:
    """The styles of the page; the colours of clusters only where a map is shown."""
    room = resources.files("rantau.stages.report")
    parts = [room / "style.css", *([room / "selection" / "selection.css"] if with_maps else [])]
    return "\n".join(part.read_text(encoding="utf-8") for part in parts)


def _shown(figure: Drawn, facts: Facts, words: Wording) -> Shown:
    series = figure.series
    title, caption = captions(series, facts, words)
    label = str(escape(f"{title}. {caption}"))
    wide = Markup(inline(figure.wide, f"{series.name}-wide", label=label))
    narrow = Markup(inline(figure.narrow, f"{series.name}-narrow", label=label))
    coded = base64.b64encode(series.csv.encode()).decode()
    data = f"data:text/csv;charset=utf-8;base64,{coded}"
    return Shown(series.name, title, caption, wide, narrow, data, len(series.rows))


def _inlined(shown: ClusterMap) -> dict[str, Any]:
    """A map with its drawings as markup."""
    from rantau.stages.report.selection.palette import inline_in_groups

    drawings = [
        Markup(inline_in_groups(svg, f"map-{shown.step}-{name}", label=str(escape(f"{name}. {shown.told}"))))
        for name, svg in shown.drawings
    ]
    return {"map": shown, "drawings": drawings}
