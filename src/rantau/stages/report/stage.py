"""report: what was asked, done and measured -> report.html, card.md, figures with their numbers, facts.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rantau import files
from rantau.recipe import Recipe
from rantau.run.stage import Context, Declared, Stage

SLICES = (
    "name", "profile", "seed", "repeat", "language", "model", "sources", "curation", "vocabulary", "formatting",
    "adapter", "phases", "evaluation", "report", "export",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reported:
    """verdict: the sentence at the head of the report"""

    n_figures: int
    n_results: int
    verdict: str


def report_stage(training: Sequence[str], *, vocabulary: str | None = None) -> Stage:
    """The stage of the report; `training` names the stages of the phases, train-<phase>, in order.

    vocabulary  name of the stage that extends it; None if the run has none
    """
    extended = (vocabulary,) if vocabulary else ()
    return Stage(
        name="report",
        version=2,
        needs=("gather", "mix", *extended, "format", *training, "answer-base", "answer-adapted", "compare"),
        slices=SLICES,
        run=report,
        volatile=("report.html", "card.md"),
    )


def report(context: Context) -> Reported:
    """Writes the page last, so that a page is there only beside all its figures."""
    from rantau.stages.report.card import render_card
    from rantau.stages.report.figures import NARROW, WIDE, Drawn, all_series, draw
    from rantau.stages.report.page import render_page
    from rantau.stages.report.reading import read_facts, read_running
    from rantau.stages.report.verdict import sentence

    recipe = _recipe(context.recipe)
    facts = read_facts(recipe, context.inputs)
    running = read_running(recipe, context.inputs)
    series = all_series(facts)
    figures = []
    for part in context.progress.track(series, "figures", len(series)):
        figures.append(Drawn(part, draw(part, WIDE), draw(part, NARROW)))
        files.write_text(context.out / "figures" / f"{part.name}.csv", part.csv)
        files.write_text(context.out / "figures" / f"{part.name}.svg", figures[-1].wide)
    verdict = sentence(facts)
    files.write_json(context.out / "facts.json", {"verdict": verdict, **facts.to_plain()})
    files.write_text(context.out / "card.md", render_card(facts, recipe, running))
    files.write_text(context.out / "report.html", render_page(facts, recipe, running, figures))
    return Reported(len(series), len(facts.results), verdict)


def _recipe(declared: Declared) -> Recipe:
    """The recipe again, from all the slices that the report declares."""
    return Recipe.model_validate({name: getattr(declared, name) for name in SLICES})
