"""Series of results: scores before and after, single documents, languages of answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rantau.stages.report.facts import DocumentChange, Facts
from rantau.stages.report.series import Cell, Series

ANSWER_GROUPS = ("other language", "too short to tell")


def bits_per_byte(facts: Facts) -> Series:
    columns = ("text", "language", "system", "bits_per_byte", "low", "high", "documents")
    rows: list[tuple[Cell, ...]] = []
    for result in (r for r in facts.results if r.metric == "bits_per_byte"):
        language = facts.language_name(facts.measured.get(result.name, ""))
        for score in (s for s in result.scores if s.system in ("base", "adapted")):
            if score.told:
                rows.append((result.name, language, score.system, *score.told, score.n))
    return Series("bits_per_byte", columns, tuple(rows))


def change_per_document(documents: Sequence[DocumentChange]) -> Series:
    """Documents in bins of equal width; a bin holds from_percent <= change < to_percent, and 0 is an edge."""
    columns = ("text", "from_percent", "to_percent", "documents")
    if not documents:
        return Series("change_per_document", columns, ())
    changes = [(d.text, 100 * d.relative) for d in documents]
    width = bin_width([c for _, c in changes])
    bins = {text: [math.floor(c / width) for t, c in changes if t == text] for text, _ in changes}
    rows = [
        (text, round(b * width, 6), round((b + 1) * width, 6), found.count(b))
        for text, found in bins.items()
        for b in sorted(set(found))
    ]
    return Series("change_per_document", columns, tuple(rows))


def bin_width(values: Sequence[float], at_most: int = 32) -> float:
    """The narrowest of 0.1, 0.2, 0.5, 1, 2, 5, 10 ... that needs no more than so many bins."""
    span = max(max(values) - min(values), 1e-9)
    power = -1
    while True:
        for step in (1, 2, 5):
            width = step * 10.0**power
            if span / width <= at_most:
                return width
        power += 1


def chrf(facts: Facts) -> Series:
    rows = [
        (result.name, score.system, *score.told, score.n)
        for result in facts.results
        if result.metric == "chrf++"
        for score in result.scores
        if score.system != "change" and score.told
    ]
    return Series("chrf", ("prompts", "system", "chrf", "low", "high", "answers"), tuple(rows))


def answer_language(facts: Facts) -> Series:
    """Answers by the detector's label: target, source, any other, too short."""
    columns = ("answers_in", "system", "answers")
    counted = facts.answer_languages
    if counted is None:
        return Series("answer_language", columns, ())
    names = {facts.source.label: facts.source.name, facts.target.label: facts.target.name}
    groups = [n for n in (facts.target.name if facts.target.label else "", facts.source.name) if n]
    rows: list[tuple[Cell, ...]] = []
    for group in dict.fromkeys([*groups, *ANSWER_GROUPS]):
        for system, labels in (("base", counted.base), ("adapted", counted.adapted)):
            n = sum(k for label, k in labels.items() if _group(label, names) == group)
            rows.append((group, system, n))
    return Series("answer_language", columns, tuple(rows))


def _group(label: str, names: dict[str | None, str]) -> str:
    if label == "too short":
        return ANSWER_GROUPS[1]
    return names.get(label, ANSWER_GROUPS[0])
