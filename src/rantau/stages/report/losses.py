"""Losses of the phases: what was learnt, and how well."""

from __future__ import annotations

import math

from rantau.stages.report.facts import Facts
from rantau.stages.report.phase_facts import PhaseFacts
from rantau.stages.report.table import Table, table_of
from rantau.stages.report.wording import Wording


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
    caption = words("results.losses", n=words.integer(max(p.n_last for p in facts.phases)))
    if any(p.kind == "dpo" for p in facts.phases):
        caption = f"{caption} {words('results.dpo')}"
    return table_of(caption, words("columns.losses"), rows, numeric=range(1, 9))


def _perplexity(phase: PhaseFacts, words: Wording) -> str:
    if phase.kind == "dpo" or phase.end_loss > 50:
        return words("value.none")
    return words.rounded(math.exp(phase.end_loss))
