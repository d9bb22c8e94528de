"""Tables of benchmarks: every task with n, interval, chance, and what its questions can resolve."""

from __future__ import annotations

from collections.abc import Sequence

from rantau.records import BenchmarkResult, Estimate
from rantau.stages.report import precision
from rantau.stages.report.benchmark_effect import effect_of
from rantau.stages.report.facts import Facts
from rantau.stages.report.headline import whole_benchmarks
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import Wording


def benchmarks(facts: Facts, words: Wording) -> Table | None:
    """One row a benchmark."""
    level = words.percent(facts.confidence, 0)
    return _table(facts, whole_benchmarks(facts.benchmarks), words("benchmarks.caption", level=level), words)


def tasks(facts: Facts, words: Wording) -> Table | None:
    """The tasks of those benchmarks that have several."""
    whole = whole_benchmarks(facts.benchmarks)
    return _table(facts, [b for b in facts.benchmarks if b not in whole], words("benchmarks.tasks"), words)


def _table(facts: Facts, found: Sequence[BenchmarkResult], caption: str, words: Wording) -> Table | None:
    rows: list[list[Cell | str]] = [
        [
            Cell(b.task, "\n".join(_notes(b, words.language_name(b.language, facts.languages), words))),
            words.integer(b.n),
            words.percent(b.chance) if b.chance is not None else words("value.none"),
            _share(b.base, b.at_chance_base, words),
            _share(b.adapted, b.at_chance_adapted, words),
            _change(b, facts.confidence, words),
            words("numbers.percentage_points", number=words.number(100 * b.resolvable, 1)),
        ]
        for b in found
    ]
    return table_of(caption, words("columns.benchmarks"), rows, numeric=range(1, 7)) if rows else None


def _notes(row: BenchmarkResult, language: str, words: Wording) -> list[str]:
    """How it was asked, in which groups its questions stand, and which of them the training text holds."""
    shots = words.integer(row.shots)
    notes = [words("benchmarks.asked", language=language, shots=shots, metric=row.metric)]
    if row.n_clusters != row.n:
        notes.append(words("benchmarks.clusters", n=words.integer(row.n_clusters)))
    if row.n_contaminated:
        notes.append(words("benchmarks.contaminated", n=words.integer(row.n_contaminated)))
        if row.clean_n and row.clean_base is not None and row.clean_adapted is not None:
            before, after = words.percent(row.clean_base), words.percent(row.clean_adapted)
            notes.append(words("benchmarks.clean", n=words.integer(row.clean_n), before=before, after=after))
    elif row.n_contaminated is None:
        notes.append(words("benchmarks.unchecked"))
    return notes


def _share(estimate: Estimate, at_chance: bool | None, words: Wording) -> Cell:
    notes = [_brackets(estimate, words, sign=False)]
    if at_chance:
        notes.append(words("score.at_chance"))
    return Cell(words.percent(estimate.value), "\n".join(notes))


def _change(row: BenchmarkResult, confidence: float, words: Wording) -> Cell:
    value = words.local(precision.signed(100 * row.change.value, 1))
    notes = [_brackets(row.change, words, sign=True), words("benchmarks.holm", p=words.p_value(row.p_holm))]
    return Cell(words("numbers.percentage_points", number=value), "\n".join(notes), effect_of(row, confidence))


def _brackets(estimate: Estimate, words: Wording, *, sign: bool) -> str:
    write = precision.signed if sign else precision.number
    ends = [words.local(write(100 * end, 1)) for end in (estimate.low, estimate.high)]
    return f"[{words('numbers.between').join(ends)}]"
