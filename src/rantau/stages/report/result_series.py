"""Series of results: scores before and after, single documents, languages of answers, benchmarks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rantau.stages.report.benchmark_effect import effect_of
from rantau.stages.report.facts import DocumentChange, Facts
from rantau.stages.report.headline import MARGIN, whole_benchmarks
from rantau.stages.report.precision import scaled
from rantau.stages.report.results import Result
from rantau.stages.report.series import Cell, Series
from rantau.stages.report.wording import Wording, upper

ON_ONE_SCALE = ("share", "points")


def bits_per_byte(facts: Facts, words: Wording) -> Series:
    columns = ("text", "language", "system", "bits_per_byte", "low", "high", "documents")
    rows: list[tuple[Cell, ...]] = []
    for result in _of_texts(facts):
        language = words.language_name(facts.language_of(result.name), facts.languages)
        for score in (s for s in result.scores if s.system in ("base", "adapted")):
            if score.told:
                rows.append((result.name, language, score.system, *score.told, score.n))
    return Series("bits_per_byte", columns, tuple(rows))


def kept(facts: Facts, words: Wording) -> Series:
    """Change of every text that is not in the target language, in per cent, and the most that still counts as
    kept."""
    columns = ("text", "language", "change_percent", "low", "high", "documents", "margin_percent")
    rows: list[tuple[Cell, ...]] = []
    for result in _of_texts(facts):
        change, code = result.of("change"), facts.language_of(result.name)
        if change and change.told and code and code != facts.target.code:
            name = words.language_name(code, facts.languages)
            rows.append((result.name, name, *(100 * v for v in change.told), change.n, 100 * MARGIN))
    return Series("kept", columns, tuple(rows))


def _of_texts(facts: Facts) -> list[Result]:
    return [r for r in facts.results if r.metric == "bits_per_byte" and not r.is_part]


def in_context(facts: Facts) -> Series:
    """What examples are worth before and after, in bits per byte of the answer."""
    columns = ("asked", "system", "gain", "low", "high", "items")
    rows = [
        (result.name, score.system, *score.told, score.n)
        for result in facts.results
        if result.metric == "in_context_gain"
        for score in result.scores
        if score.system in ("base", "adapted") and score.told
    ]
    return Series("in_context", columns, tuple(rows))


def answers(facts: Facts, words: Wording) -> Series:
    """Metrics of answers that have a chance or a ceiling, all on a scale of 0 to 100."""
    columns = ("metric", "prompts", "better", "system", "value", "low", "high", "answers")
    language = words.language_name(facts.target.code, facts.languages)
    rows: list[tuple[Cell, ...]] = []
    for result in facts.results:
        if result.unit not in ON_ONE_SCALE or not (result.of("chance") or result.of("ceiling")):
            continue
        if result.better == "neither" or result.metric in ("bits_per_byte", "in_context_gain"):
            continue
        name = upper(words.metric(result.metric, language))
        for score in (s for s in result.scores if s.system != "change" and s.told):
            told = (scaled(v, score.unit) for v in score.told or ())
            rows.append((name, result.name, result.better, score.system, *told, score.n))
    return Series("answers", columns, tuple(rows))


def benchmarks(facts: Facts, words: Wording) -> Series:
    """Every benchmark before and after, in per cent; at_chance: 1 where the words say so; chance: "" for none."""
    columns = (
        "benchmark", "language", "system", "value_percent", "low", "high", "questions", "chance_percent",
        "at_chance", "effect",
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for b in whole_benchmarks(facts.benchmarks):
        language = words.language_name(b.language, facts.languages)
        chance: Cell = "" if b.chance is None else 100 * b.chance
        effect = effect_of(b, facts.confidence)
        for system, e, at in (("base", b.base, b.at_chance_base), ("adapted", b.adapted, b.at_chance_adapted)):
            told = (100 * e.value, 100 * e.low, 100 * e.high)
            rows.append((b.task, language, system, *told, b.n, chance, int(bool(at)), effect))
    return Series("benchmarks", columns, tuple(rows))


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


def answer_language(facts: Facts, words: Wording) -> Series:
    """Answers by the detector's label: target, source, any other, too short."""
    columns = ("answers_in", "system", "answers")
    counted = facts.answer_languages
    if counted is None:
        return Series("answer_language", columns, ())
    names = {
        label: words.language_name(language.code, facts.languages)
        for language in (facts.target, facts.source)
        if (label := language.label)
    }
    last = (words("answer_groups.other"), words("answer_groups.too_short"))
    rows: list[tuple[Cell, ...]] = []
    for group in dict.fromkeys([*names.values(), words.language_name(facts.source.code, facts.languages), *last]):
        for system, labels in (("base", counted.base), ("adapted", counted.adapted)):
            n = sum(k for label, k in labels.items() if _group(label, names, last) == group)
            rows.append((group, system, n))
    return Series("answer_language", columns, tuple(rows))


def _group(label: str, names: Mapping[str, str], last: tuple[str, str]) -> str:
    return last[1] if label == "too short" else names.get(label, last[0])
