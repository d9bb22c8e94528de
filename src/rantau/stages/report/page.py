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
from rantau.stages.report.card import device_line
from rantau.stages.report.facts import Facts, Running
from rantau.stages.report.figures import Drawn
from rantau.stages.report.ink import inline
from rantau.stages.report.limits import limits
from rantau.stages.report.recipe_text import recipe_text
from rantau.stages.report.samples import rule
from rantau.stages.report.series import Series, half_life
from rantau.stages.report.verdict import sentence, spoken, tally

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
        tables=tables,
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


def captions(series: Series, facts: Facts) -> tuple[str, str]:
    """Title and what one needs to read the figure."""
    phases = facts.phases
    halves = ", ".join(f"{p.name} {half_life(len(p.curve))} steps" for p in phases)
    known = {
        "bits_per_byte": (
            "Bits per byte of unseen text, before and after",
            "Lines are intervals over documents. Base and adapted share their documents, so the change in the "
            "table above is surer than two overlapping lines suggest.",
        ),
        "change_per_document": (
            "Change of each document",
            "How many documents changed by how much; bars right of the line got worse. All texts share one scale.",
        ),
        "answer_language": (
            "Language of the answers, before and after",
            f"As the detector labels them, {facts.n_items} answers each. The table above also asks for a "
            "probability of one half, so its share may be lower.",
        ),
        "chrf": (
            "Overlap with the references, between chance and ceiling",
            "Chance: answers against the references of other prompts. Ceiling: the references themselves, cut to "
            "the tokens an answer may have. Lines are intervals over prompts.",
        ),
        "training_loss": (
            "Training loss",
            "Thin: loss of each batch on its learnt tokens, before the update. Bold: exponentially weighted mean "
            f"of the steps before (half-life: {halves}).",
        ),
        "composition": (
            "What was trained on, asked and obtained",
            "Bars: share of tokens obtained. Upright marks: share that the recipe asked for.",
        ),
    }
    return known[series.name]
