"""The page: one self-contained HTML file, figures, numbers and styles inside, in the recipe's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
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
from rantau.stages.report.html import breakable, environment, shown, styles, visible
from rantau.stages.report.limits import limits
from rantau.stages.report.maps import ClusterMap
from rantau.stages.report.recipe_text import recipe_text
from rantau.stages.report.running import Running
from rantau.stages.report.samples import rule
from rantau.stages.report.sections import has_forgetting, meanings, sections
from rantau.stages.report.verdict import sentence, spoken, tally
from rantau.stages.report.vocabulary_tables import told
from rantau.stages.report.wording import Wording

HTML_LANGUAGES = {"eng": "en", "ind": "id", "kor": "ko"}


def render_page(
    facts: Facts, recipe: Recipe, running: Running, figures: Sequence[Drawn], maps: Sequence[ClusterMap] = ()
) -> str:
    templates = environment("templates")
    words = Wording(recipe.report.language)
    templates.filters.update(
        visible=visible, breakable=breakable, signed=lambda v: words.local(precision.signed(v, 1)),
        fixed=partial(words.number, digits=1), count=words.integer,
    )  # fmt: skip
    templates.globals.update(
        w=words, figures={f.series.name: shown(f, *captions(f.series, facts, words)) for f in figures}
    )
    text = templates.get_template("page.html.jinja").render(
        facts=facts, recipe=recipe, running=running, tables=tables, maps=[_inlined(m) for m in maps],
        style=styles(*(["selection/selection.css"] if maps else [])),  # colours of clusters, where a map is shown
        html_language=HTML_LANGUAGES[recipe.report.language],
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


def _inlined(drawn: ClusterMap) -> dict[str, Any]:
    """A map with its drawings as markup."""
    from rantau.stages.report.selection.palette import inline_in_groups

    drawings = [
        Markup(inline_in_groups(svg, f"map-{drawn.step}-{name}", label=str(escape(f"{name}. {drawn.told}"))))
        for name, svg in drawn.drawings
    ]
    return {"map": drawn, "drawings": drawings}
