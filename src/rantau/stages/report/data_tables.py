"""Tables of data: sources, rows left out, composition, fertility."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import Wording


def sources(facts: Facts, words: Wording) -> Table:
    rows = (
        (
            Cell(s.name, s.origin),
            words.language_name(s.language, facts.languages),
            s.license,
            words.integer(s.rows),
            words.integer(sum(s.read_drops.values())),
            words.integer(s.heldout),
            words.integer(sum(s.curation_drops.values())),
            Cell(words.integer(s.kept), "" if s.used else words("data.only_measured")),
        )
        for s in facts.sources
    )
    return table_of(words("data_table.sources"), words("data_table.sources_columns"), rows, numeric=range(3, 8))


def drops(facts: Facts, words: Wording) -> Table | None:
    """Every reason for which rows were left out, as it was recorded."""
    found: list[tuple[str, str, str, str]] = []
    for s in facts.sources:
        for where, reasons in (("reading", s.read_drops), ("curation", s.curation_drops)):
            found += [
                (s.name, words(f"dropped_in.{where}"), reason, words.integer(n)) for reason, n in reasons.items()
            ]
    for p in facts.phases:
        name = words("data_table.phase", name=p.name)
        found += [
            (name, words("dropped_in.formatting"), reason, words.integer(n))
            for reason, n in p.rows_dropped.items()
        ]
    if not found:
        return None
    return table_of(words("data_table.drops"), words("data_table.drops_columns"), found, numeric=(3,))


def composition(facts: Facts, words: Wording) -> Table:
    rows = (
        (
            p.source,
            p.phase,
            words.language_name(p.language, facts.languages),
            p.license,
            words.integer(p.documents),
            words.integer(p.tokens),
            words.percent(p.share),
            words.percent(p.asked_share),
        )
        for p in facts.composition
    )
    columns = words("data_table.composition_columns")
    return table_of(words("data_table.composition"), columns, rows, numeric=range(4, 8))


def fertility(facts: Facts, words: Wording) -> Table:
    rows = (
        (
            f.source,
            words.language_name(f.language, facts.languages),
            words.number(f.tokens_per_word, 2),
            words.number(f.tokens_per_byte, 3),
            words.number(f.against_source_language, 2),
            words.percent(f.single_byte_share),
            words.percent(f.one_token_share),
            words.integer(f.n_documents),
        )
        for f in facts.fertility
    )
    source = words.language_name(facts.source.code, facts.languages)
    caption = words("data_table.fertility", source=source)
    columns = words("data_table.fertility_columns", source=source)
    return table_of(caption, columns, rows, numeric=range(2, 8))
