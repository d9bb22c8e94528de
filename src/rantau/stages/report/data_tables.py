"""Tables of data: sources, rows left out, composition, fertility."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.precision import number, percent
from rantau.stages.report.table import Cell, Table, table_of


def sources(facts: Facts) -> Table:
    rows = (
        (
            Cell(s.name, s.origin),
            facts.language_name(s.language),
            s.license,
            f"{s.rows:,}",
            f"{sum(s.read_drops.values()):,}",
            f"{s.heldout:,}",
            f"{sum(s.curation_drops.values()):,}",
            Cell(f"{s.kept:,}", "" if s.used else "only measured on"),
        )
        for s in facts.sources
    )
    return table_of(
        "Sources. Rows read = dropped while reading + held out + dropped in curation + kept.",
        "source|language|licence|rows|dropped reading|held out|dropped curating|kept",
        rows,
        numeric=range(3, 8),
    )


def drops(facts: Facts) -> Table | None:
    """Every reason for which rows were left out."""
    found: list[tuple[str, str, str, str]] = []
    for s in facts.sources:
        found += [(s.name, "reading", reason, f"{n:,}") for reason, n in s.read_drops.items()]
        found += [(s.name, "curation", reason, f"{n:,}") for reason, n in s.curation_drops.items()]
    for p in facts.phases:
        found += [(f"phase {p.name}", "formatting", reason, f"{n:,}") for reason, n in p.rows_dropped.items()]
    return table_of("Rows left out, and why.", "source|in|reason|rows", found, numeric=(3,)) if found else None


def composition(facts: Facts) -> Table:
    rows = (
        (
            p.source,
            p.phase,
            facts.language_name(p.language),
            p.license,
            f"{p.documents:,}",
            f"{p.tokens:,}",
            percent(p.share),
            percent(p.asked_share),
        )
        for p in facts.composition
    )
    return table_of(
        "What each phase was trained on, by tokens of the base tokenizer.",
        "source|phase|language|licence|documents|tokens|share|asked",
        rows,
        numeric=range(4, 8),
    )


def fertility(facts: Facts) -> Table:
    rows = (
        (
            f.source,
            facts.language_name(f.language),
            number(f.tokens_per_word, 2),
            number(f.tokens_per_byte, 3),
            number(f.against_source_language, 2),
            percent(f.single_byte_share),
            percent(f.one_token_share),
            f"{f.n_documents:,}",
        )
        for f in facts.fertility
    )
    return table_of(
        f"Fertility: what text costs in tokens of the base tokenizer. Against {facts.source.name}: tokens per "
        "byte over those of the training text in that language (other texts, not translations).",
        f"source|language|tokens per word|tokens per byte|× {facts.source.name}|single bytes|words of one token|"
        "documents",
        rows,
        numeric=range(2, 8),
    )
