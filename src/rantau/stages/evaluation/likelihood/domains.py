"""Domains: the values of one column of a held-out text, each also measured apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rantau.errors import MeasureError
from rantau.recipe import HeldOutText
from rantau.records import Document

MOST_VALUES = 40  # a column of titles or addresses has as many as rows: nothing to compare
WITHOUT = "(none)"


def domain_of(document: Document, text: HeldOutText, documents: Sequence[Document]) -> str:
    """Its value of the column `text.by`, WITHOUT if it has none.

    documents  all held-out documents of the source
    Raises     MeasureError if none of them has the column
    """
    found = document.fields.get(text.by or "")
    if found is None and all(text.by not in d.fields for d in documents):
        columns = sorted({column for d in documents for column in d.fields})
        raise MeasureError(
            f"evaluation.texts.{text.name}.by: the source {text.source} has no column {text.by!r}. "
            f"It has {', '.join(columns) or 'no columns but its text'}."
        )
    return found or WITHOUT


def domains_of(text: HeldOutText, domains: Sequence[str | None]) -> list[str]:
    """The values in order of frequency, then of name; empty if the recipe names no column.

    Raises   MeasureError if there are more than MOST_VALUES
    """
    counts = Counter(d for d in domains if d is not None)
    if len(counts) > MOST_VALUES:
        raise MeasureError(
            f"evaluation.texts.{text.name}.by: {text.by} has {len(counts)} values among {len(domains)} documents, "
            f"at most {MOST_VALUES} can be told apart. Name a column with few values, or leave it out."
        )
    return sorted(counts, key=lambda domain: (-counts[domain], domain))
