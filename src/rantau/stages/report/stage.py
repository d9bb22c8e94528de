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
    """headline, verdict: the sentences at the head of the report"""

    n_figures: int
    n_results: int
    headline: str
    verdict: str


def report_stage(
    training: Sequence[str], *, vocabulary: str | None = None, benchmarks: str | None = None,
    selected: str | None = None,
) -> Stage:  # fmt: skip
    """The stage of the report; `training` names the stages of the phases, train-<phase>, in order.

    vocabulary  name of the stage that extends it; None if the run has none
    benchmarks  name of the stage that compares them; None if none are asked
    selected    name of the stage that samples the corpus, for the map of its clusters; None without a plan
    """
    sampled, extended = ((name,) if name else () for name in (selected, vocabulary))
    measured = ("answer-base", "answer-adapted", "compare", *((benchmarks,) if benchmarks else ()))
    return Stage(
        name="report",
        version=3,
        needs=("gather", *sampled, "mix", *extended, "format", *training, *measured),
        slices=SLICES,
        run=report,
        volatile=("report.html", "card.md"),
    )


def report(context: Context) -> Reported:
    """Writes the page last, so that a page is there only beside all its figures."""
    from rantau.stages.report.card import render_card
    from rantau.stages.report.figures import NARROW, WIDE, Drawn, all_series, draw
    from rantau.stages.report.headline import headline
    from rantau.stages.report.maps import cluster_maps
    from rantau.stages.report.page import render_page
    from rantau.stages.report.reading import read_facts, read_running
    from rantau.stages.report.verdict import sentence
    from rantau.stages.report.wording import Wording

    recipe = _recipe(context.recipe)
    words = Wording(recipe.report.language)
    facts = read_facts(recipe, context.inputs)
    running = read_running(recipe, context.inputs)
    series = all_series(facts, words)
    figures = []
    for part in context.progress.track(series, "figures", len(series)):
        figures.append(Drawn(part, draw(part, WIDE, words), draw(part, NARROW, words)))
        files.write_text(context.out / "figures" / f"{part.name}.csv", part.csv)
        files.write_text(context.out / "figures" / f"{part.name}.svg", figures[-1].wide)
    said = {"headline": headline(facts, words), "verdict": sentence(facts, words)}
    maps = cluster_maps(recipe, context.inputs, words)
    files.write_json(context.out / "facts.json", {**said, **facts.to_plain()})
    files.write_text(context.out / "card.md", render_card(facts, recipe, running))
    files.write_text(context.out / "report.html", render_page(facts, recipe, running, figures, maps))
    return Reported(len(series), len(facts.results), **said)


def _recipe(declared: Declared) -> Recipe:
    """The recipe again, from all the slices that the report declares."""
    return Recipe.model_validate({name: getattr(declared, name) for name in SLICES})
