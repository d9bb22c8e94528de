"""Series: the numbers behind each figure. What is drawn is what the CSV says."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rantau.stages.report.facts import DocumentChange, Facts, PhaseFacts

Cell = str | int | float
ANSWER_GROUPS = ("other language", "too short to tell")


@dataclass(frozen=True, slots=True)
class Series:
    """A table with a name. columns carry their unit; all rows have as many cells."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def csv(self) -> str:
        """Comma-separated, floats in full precision."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()

    def column(self, name: str) -> list[Cell]:
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        return [float(cell) for cell in self.column(name)]

    def where(self, name: str, value: Cell) -> Series:
        at = self.columns.index(name)
        return Series(self.name, self.columns, tuple(row for row in self.rows if row[at] == value))

    def groups(self, name: str) -> list[Series]:
        """One part for each value of a column, in the order of their first row."""
        return [self.where(name, value) for value in dict.fromkeys(self.column(name))]


def all_series(facts: Facts) -> list[Series]:
    """In the order of the page; a figure without numbers is left out."""
    found = [
        bits_per_byte(facts),
        change_per_document(facts.documents),
        answer_language(facts),
        chrf(facts),
        training_loss(facts.phases),
        composition(facts),
    ]
    return [series for series in found if series.rows]


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


def half_life(n_steps: int) -> int:
    """Steps after which a loss counts half in the smoothed line."""
    return max(2, round(n_steps / 20))


def smoothed(values: Sequence[float], half: int) -> list[float]:
    """Exponentially weighted mean of what came before, corrected for its start."""
    keep = 0.5 ** (1 / half)
    line, total, weight = [], 0.0, 0.0
    for value in values:
        total, weight = keep * total + value, keep * weight + 1
        line.append(total / weight)
    return line


def training_loss(phases: Iterable[PhaseFacts]) -> Series:
    rows: list[tuple[Cell, ...]] = []
    for phase in phases:
        losses = [p.loss for p in phase.curve]
        line = smoothed(losses, half_life(len(losses)))
        rows += [(phase.name, p.step, p.loss, s) for p, s in zip(phase.curve, line, strict=True)]
    return Series("training_loss", ("phase", "step", "nats_per_learnt_token", "smoothed"), tuple(rows))


def composition(facts: Facts) -> Series:
    columns = ("phase", "source", "language", "tokens", "share_percent", "asked_percent")
    rows = [
        (p.phase, p.source, facts.language_name(p.language), p.tokens, 100 * p.share, 100 * p.asked_share)
        for p in facts.composition
    ]
    return Series("composition", columns, tuple(rows))


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
