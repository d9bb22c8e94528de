"""Tables of scores, for the page and the card: held-out text, answers beside chance and ceiling, examples."""

from __future__ import annotations

from collections.abc import Iterable

from rantau.stages.report.facts import Facts
from rantau.stages.report.results import Result
from rantau.stages.report.score_cells import chance_cell, change_cell, value_cell
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import Wording, upper

Row = list[Cell | str]
ON_TEXTS = ("bits_per_byte", "perplexity")
IN_CONTEXT = "in_context_gain"
WARNING = "semantic_warning"


def held_out(facts: Facts, words: Wording) -> Table | None:
    """Text of which nothing was trained on: bits per byte and perplexity, before and after."""
    whole = [r for r in facts.results if not r.is_part]
    caption = words("results.held_out", level=words.percent(facts.confidence, 0))
    other = f" {words('results.other_tokens')}" if facts.vocabulary else ""
    return _of_texts(facts, whole, f"{caption}{other}", words)


def domains(facts: Facts, words: Wording) -> Table | None:
    """The same for the parts of a text, by the values of the column that the recipe names."""
    return _of_texts(facts, [r for r in facts.results if r.is_part], words("results.domains"), words)


def _of_texts(facts: Facts, results: list[Result], caption: str, words: Wording) -> Table | None:
    by_name = {(r.metric, r.name): r for r in results}
    rows: list[Row] = []
    for result in (r for r in results if r.metric == "bits_per_byte"):
        perplexity = by_name.get(("perplexity", result.name))
        rows.append(
            [
                result.name,
                words.language_name(facts.language_of(result.name), facts.languages),
                words.integer(result.n),
                *(value_cell(result, system, words) for system in ("base", "adapted")),
                change_cell(result, words),
                _perplexities(perplexity, words),
            ]
        )
    return table_of(caption, words("columns.held_out"), rows, numeric=range(2, 7)) if rows else None


def _perplexities(result: Result | None, words: Wording) -> Cell:
    """Before and after, one behind the other: their tokens may differ, so no change is told."""
    if result is None:
        return Cell(words("value.none"))
    scores = [result.of(system) for system in ("base", "adapted")]
    intervals = [words.brackets(score) for score in scores]
    return Cell(" → ".join(map(words.plain, scores)), "\n".join(i for i in intervals if i))


def answers(facts: Facts, words: Wording) -> Table | None:
    """All metrics of the answers, each with its chance and its ceiling; those without a change come last."""
    left = (*ON_TEXTS, IN_CONTEXT, WARNING)
    found = [r for r in facts.results if r.metric.partition(":")[0] not in left]
    rows: list[Row] = [
        [
            Cell(_name(r, facts, words), "\n".join((r.name, words(f"direction.{r.better}")))),
            chance_cell(r, words),
            *(value_cell(r, system, words) for system in ("base", "adapted")),
            change_cell(r, words),
            value_cell(r, "ceiling", words),
            words.integer(r.n),
        ]
        for r in sorted(found, key=lambda r: r.of("change") is None)
    ]
    caption = words("results.answers", level=words.percent(facts.confidence, 0))
    return table_of(caption, words("columns.answers"), rows, numeric=range(1, 7)) if rows else None


def in_context(facts: Facts, words: Wording) -> Table | None:
    """What examples in the prompt are worth, in bits per byte of the answer."""
    rows: list[Row] = [
        [
            r.name,
            *(value_cell(r, system, words) for system in ("base", "adapted")),
            change_cell(r, words),
            words.integer(r.n),
        ]
        for r in facts.results
        if r.metric == IN_CONTEXT
    ]
    caption = words("results.in_context", level=words.percent(facts.confidence, 0))
    return table_of(caption, words("columns.in_context"), rows, numeric=range(1, 5)) if rows else None


def gates(facts: Facts, words: Wording) -> Table | None:
    """The conditions under which the run fails, and whether it did."""
    rows: list[Row] = [
        [
            Cell(g.condition, g.reason or "", code=True),
            _figure(g.value, g.figure, words),
            _interval(g.low, g.high, g.figure, words),
            Cell("", tag="failed" if g.failed else "passed"),
        ]
        for g in facts.gates
    ]
    return table_of(words("results.gates"), words("columns.gates"), rows, numeric=(1, 2)) if rows else None


def warnings(facts: Facts) -> list[str]:
    """What the comparison warns of, in its words: a sentence encoder that cannot tell texts apart."""
    warned = [r for r in facts.results if r.metric.partition(":")[0] == WARNING]
    return [f"{r.metric}: {s.reason}" for r in warned for s in r.scores if s.reason]


def signatures(results: Iterable[Result]) -> list[tuple[str, str]]:
    """(metric and what it was measured on, how it was computed), in the order of the results."""
    return [(f"{r.metric}, {r.name}", r.signature) for r in results if not r.metric.startswith(WARNING)]


def _name(result: Result, facts: Facts, words: Wording) -> str:
    return upper(words.metric(result.metric, words.language_name(facts.target.code, facts.languages)))


def _figure(value: float | None, figure: str, words: Wording) -> str:
    if value is None:
        return words("value.none")
    return words.percent(value) if is_relative(figure) else words.rounded(value)


def _interval(low: float | None, high: float | None, figure: str, words: Wording) -> str:
    if low is None or high is None:
        return words("value.none")
    return words("numbers.between").join(_figure(end, figure, words) for end in (low, high))


def is_relative(figure: str) -> bool:
    """Whether a figure of a gate is a share of what there was before: shown in per cent."""
    return figure.endswith(("_rise", "_loss"))
