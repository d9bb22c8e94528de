"""Table of the training's outcome, one column a phase; losses and costs have tables of their own."""

from __future__ import annotations

from collections.abc import Callable

from rantau.stages.report.facts import Facts
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.table import Table, table_of
from rantau.stages.report.wording import Wording

Shown = Callable[[PhaseFacts, Wording], str]


def outcome(facts: Facts, words: Wording) -> Table:
    """What became of the rows and the steps. A line that says nothing of any phase is left out."""
    rows = []
    for key, told, shown in LINES:
        if any(told(p) for p in facts.phases):
            cells = (shown(p, words) if told(p) else words("value.none") for p in facts.phases)
            rows.append([words(f"outcome.{key}"), *cells])
    columns = "|".join(["", *(p.name for p in facts.phases)])
    return table_of(words("outcome.caption"), columns, rows, numeric=range(1, len(facts.phases) + 1))


def _ended(phase: PhaseFacts, words: Wording) -> str:
    return words("outcome.of", part=words.integer(phase.steps), whole=words.integer(phase.steps_planned))


def _kept(phase: PhaseFacts, words: Wording) -> str:
    assert phase.best is not None
    bits = words.number(phase.best.bits_per_byte, 3)
    return words("outcome.at_step", bits=bits, step=words.integer(phase.best.step))


LINES: tuple[tuple[str, Callable[[PhaseFacts], bool], Shown], ...] = (
    ("rows", lambda p: True, lambda p, w: w.integer(p.rows)),
    ("learnt", lambda p: True, lambda p, w: w.integer(p.rows_learnt)),
    ("held_back", lambda p: p.rows_held_back > 0, lambda p, w: w.integer(p.rows_held_back)),
    ("truncated", lambda p: True, lambda p, w: w.integer(p.truncated)),
    ("longest", lambda p: True, lambda p, w: w.integer(p.longest_tokens)),
    ("filled", lambda p: p.filled_share is not None, lambda p, w: w.percent(p.filled_share)),
    ("ended", lambda p: p.steps < p.steps_planned, _ended),
    ("kept", lambda p: p.best is not None, _kept),
    ("preferred", lambda p: p.preferred is not None, lambda p, w: w.percent(p.preferred)),
)
"""Key of the words, whether a phase has the line, and what it shows."""
