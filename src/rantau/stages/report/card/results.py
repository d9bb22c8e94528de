"""Results on the card: losses and perplexities, held-out text before and after, answers and what they are read
against."""

from __future__ import annotations

import math

from rantau.recipe import Recipe
from rantau.stages.report.facts import Facts
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.results import REFERENCES, Result
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.verdict import metric_name
from rantau.stages.report.wording import Wording

Row = list[Cell | str]
ON_TEXTS = ("bits_per_byte", "perplexity")


def captions(facts: Facts, recipe: Recipe, words: Wording) -> dict[str, str]:
    level = words.percent(recipe.evaluation.confidence, 0)
    n_last = max(p.n_last for p in facts.phases)
    other = [words("results.other_tokens")] if recipe.vocabulary.extend else []
    return {
        "losses": words("results.losses", n=words.integer(n_last)),
        "held_out": " ".join([words("results.held_out", level=level), *other]),
        "answers": words("results.answers", level=level),
    }


def losses(facts: Facts, words: Wording) -> Table:
    """Rows learnt, steps, tokens and losses of each phase; a perplexity only where the loss is one of tokens."""
    rows = [
        [
            p.name,
            words.integer(p.rows_learnt),
            words.integer(p.steps),
            words.integer(p.tokens),
            words.integer(p.learnt_tokens),
            words.percent(p.pad_share),
            words.number(p.first_loss, 4),
            words.number(p.end_loss, 4),
            _perplexity(p, words),
        ]
        for p in facts.phases
    ]
    return table_of("", words("columns.losses"), rows, numeric=range(1, 9))


def _perplexity(phase: PhaseFacts, words: Wording) -> str:
    if phase.kind == "dpo" or phase.end_loss > 50:
        return words("value.none")
    return words.rounded(math.exp(phase.end_loss))


def held_out(facts: Facts, words: Wording) -> Table | None:
    """Text of which nothing was trained on: bits per byte and perplexity, before and after."""
    by_name = {(r.metric, r.name): r for r in facts.results}
    rows: list[Row] = []
    for result in (r for r in facts.results if r.metric == "bits_per_byte"):
        perplexity = by_name.get(("perplexity", result.name))
        code = facts.measured.get(result.name, "")
        rows.append(
            [
                result.name,
                words.language_name(code, facts.languages),
                words.integer(result.n),
                *(_value(result, system, words) for system in ("base", "adapted")),
                _change(result, words),
                *(
                    words.plain(perplexity.of(system)) if perplexity else words("value.none")
                    for system in ("base", "adapted")
                ),
            ]
        )
    return table_of("", words("columns.held_out"), rows, numeric=range(2, 8)) if rows else None


def answers(facts: Facts, words: Wording) -> Table | None:
    """Everything else that was measured, with n and intervals."""
    rows: list[Row] = [
        [
            _upper(metric_name(r, facts, words)),
            r.name,
            *(_value(r, system, words) for system in ("base", "adapted")),
            _change(r, words),
            words.integer(r.n),
        ]
        for r in facts.results
        if r.metric not in ON_TEXTS
    ]
    return table_of("", words("columns.answers"), rows, numeric=range(2, 6)) if rows else None


def references(facts: Facts, words: Wording) -> Table | None:
    """Chance and ceiling: what the figures above are to be read against."""
    rows: list[Row] = [
        [
            _upper(metric_name(r, facts, words)),
            r.name,
            words(f"references.{system.replace('-', '_')}"),
            _value(r, system, words),
            words.integer(score.n),
        ]
        for r in facts.results
        for system in REFERENCES
        if (score := r.of(system))
    ]
    return table_of("", words("columns.references"), rows, numeric=(3, 4)) if rows else None


def _upper(text: str) -> str:
    return text if text.startswith("chrF") else text[:1].upper() + text[1:]


def _value(result: Result, system: str, words: Wording) -> Cell:
    score = result.of(system)
    return Cell(words.plain(score), words.brackets(score))


def _change(result: Result, words: Wording) -> Cell:
    score = result.of("change")
    if score is None:
        return Cell(words("value.none"))
    verdict = words(f"effect.{result.effect}") if result.effect else ""
    notes = [words.brackets(score, sign=True), verdict]
    return Cell(words.change(score), " ".join(n for n in notes if n))
