"""Composition: what was trained on, by phase and source, and what leans because of it."""

from __future__ import annotations

from collections.abc import Iterator

from rantau.recipe import Recipe
from rantau.stages.report.facts import Facts
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import Wording

DOMINANT = 0.5


def composition(facts: Facts, words: Wording) -> Table:
    """Category, tokens, per cent and licence; each phase ends with its total."""
    rows: list[list[Cell | str]] = []
    for phase in dict.fromkeys(p.phase for p in facts.composition):
        parts = [p for p in facts.composition if p.phase == phase]
        rows += [
            [phase, p.source, words.language_name(p.language, facts.languages), Cell(p.license, code=True),
             words.integer(p.documents), words.integer(p.tokens), words.percent(p.share)]
            for p in parts
        ]  # fmt: skip
        tokens, documents = sum(p.tokens for p in parts), sum(p.documents for p in parts)
        total = words.percent(sum(p.share for p in parts))
        rows.append([phase, words("data.total"), "", "", words.integer(documents), words.integer(tokens), total])
    return table_of("", words("columns.composition"), rows, numeric=range(4, 7))


def sources(facts: Facts, words: Wording) -> Table:
    rows: list[list[Cell | str]] = [
        [
            s.name,
            Cell(s.origin, code=True),
            words.language_name(s.language, facts.languages),
            words.integer(s.rows),
            words.integer(sum(s.read_drops.values()) + sum(s.curation_drops.values())),
            words.integer(s.heldout),
            words.integer(s.kept),
            words("data.used" if s.used else "data.only_measured"),
        ]
        for s in facts.sources
    ]
    return table_of("", words("columns.sources"), rows, numeric=range(3, 7))


def split(recipe: Recipe, words: Wording) -> str:
    if recipe.curation.held_out_words:
        return words("data.split_checked", n=str(recipe.curation.held_out_words))
    return words("data.split_unchecked")


def bias(facts: Facts, words: Wording) -> Iterator[str]:
    """Sources that gave a phase more than half of its tokens lend it their topics and their style."""
    for part in facts.composition:
        if part.share > DOMINANT:
            yield words("limits.dominant", source=part.source, phase=part.phase, share=words.percent(part.share))
