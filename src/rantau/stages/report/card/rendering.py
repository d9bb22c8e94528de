"""Rendering: the parts of the card put into their template."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rantau.recipe import Recipe
from rantau.stages.report import tables, vocabulary_tables
from rantau.stages.report.card import composition, details, environment, hyperparameters
from rantau.stages.report.card.citation import citation
from rantau.stages.report.card.metadata import metadata
from rantau.stages.report.facts import Facts
from rantau.stages.report.headline import headline
from rantau.stages.report.limits import limits
from rantau.stages.report.markdown import as_markdown, escaped
from rantau.stages.report.recipe_text import recipe_text, yaml_of
from rantau.stages.report.running import Running
from rantau.stages.report.usage import usage
from rantau.stages.report.verdict import sentence
from rantau.stages.report.wording import Wording


def render_card(facts: Facts, recipe: Recipe, running: Running) -> str:
    """Markdown in recipe.report.language; recipe fields, names and signatures stay as they are."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Markdown, not HTML: what comes from outside is escaped by `escaped` and `as_markdown`.
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    jinja.filters["escaped"] = escaped
    words = Wording(recipe.report.language)
    jinja.filters["table"] = partial(as_markdown, words=words)
    return jinja.get_template("card.md.jinja").render(
        w=words,
        metadata=yaml_of(metadata(facts, recipe)),
        title=details.title(facts, recipe, words),
        headline=headline(facts, words),
        verdict=sentence(facts, words),
        details=details.lines(facts, recipe, running, words),
        methods=details.methods(facts, recipe, words),
        template_notes=details.template_notes(facts, words),
        composition=composition.composition(facts, words),
        sources=composition.sources(facts, words),
        split=composition.split(recipe, words),
        direct=details.direct_use(recipe, facts, words),
        out_of_scope=details.out_of_scope(recipe, facts, words),
        limits=[*composition.bias(facts, words), *details.alignment(recipe, words), *limits(facts, recipe, words)],
        recommendations=details.recommendations(recipe, words),
        usage=usage(recipe, words),
        hyperparameters=hyperparameters.table(facts, recipe, words),
        shared=hyperparameters.shared(facts, recipe, words),
        vocabulary=vocabulary_tables.vocabulary(facts, words),
        added=vocabulary_tables.told(facts.vocabulary, words) if facts.vocabulary else "",
        examples=vocabulary_tables.examples(facts, words),
        tables=tables,
        facts=facts,
        hardware=environment.device_line(running, words),
        cost=environment.cost(running, words),
        energy=environment.energy_sentences(recipe, running, words),
        versions=environment.versions(running, words),
        stages=environment.stages(facts, words),
        reproduction=details.reproduction(recipe, words),
        recipe=recipe_text(recipe),
        citation=citation(facts, recipe, running, words),
    )
