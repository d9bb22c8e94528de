"""The verdict: sentences by rule from the scores."""

from __future__ import annotations

from collections.abc import Iterable

from rantau.stages.report import precision
from rantau.stages.report.facts import Facts
from rantau.stages.report.results import Effect, Result
from rantau.stages.report.wording import ENGLISH, Wording

EFFECTS: tuple[Effect, ...] = ("better", "worse", "unclear", "described", "untold")


def metric_name(result: Result, facts: Facts, words: Wording = ENGLISH) -> str:
    return words.metric(result.metric, words.language_name(facts.target.code, facts.languages))


def is_known(metric: str) -> bool:
    return metric.startswith("semantic_warning") or ENGLISH.has(f"metric.{metric.partition(':')[0]}")


def sentence(facts: Facts, words: Wording = ENGLISH) -> str:
    """What happened to the bits per byte of all texts, the target language first.

    No text is left out; parts of a text, "text/value", stand in their own table.
    """
    bits = [r for r in facts.results if r.metric == "bits_per_byte" and not r.is_part]
    target = [r for r in bits if facts.measured.get(r.name) == facts.target.code]
    others = [r for r in bits if r not in target]
    parts = [_of_language(facts, group, words) for group in _by_language(facts, [*target, *others])]
    if not parts:
        return words("verdict.nothing")
    return f"{parts[0][:1].upper()}{'; '.join(parts)[1:]}."


def spoken(facts: Facts, words: Wording = ENGLISH) -> str:
    """The share of answers in the target language, before and after; empty without prompts."""
    result = next((r for r in facts.results if r.metric == "language_fidelity"), None)
    change = result.of("change") if result else None
    if result is None or change is None:
        return ""
    language = words.language_name(facts.target.code, facts.languages)
    if change.told is None:
        return change.reason or words("spoken.untold", language=language)
    key = "spoken.unclear" if result.effect == "unclear" else "spoken.told"
    return words(
        key, language=language, before=words.plain(result.of("base")), after=words.plain(result.of("adapted")),
        size=words.change(change), interval=words.brackets(change, sign=True), n=words.integer(result.n),
    )  # fmt: skip


def tally(facts: Facts, words: Wording = ENGLISH) -> str:
    """How many changes are better, worse, unclear, parts not counted again; the worse ones by name."""
    changed = [r for r in facts.results if r.effect and not r.is_part]
    parts = []
    for effect in EFFECTS:
        found = [r for r in changed if r.effect == effect]
        if not found:
            continue
        part = words(f"tally.{effect}", n=words.integer(len(found)))
        if effect == "worse":
            names = words.list([f"{metric_name(r, facts, words)} ({r.name})" for r in found])
            part = words("tally.named", part=part, names=names)
        parts.append(part)
    return (
        words("tally.all", n=words.integer(len(changed)), parts=words("list.comma").join(parts)) if parts else ""
    )


def _by_language(facts: Facts, results: Iterable[Result]) -> list[list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(facts.measured.get(result.name, ""), []).append(result)
    return list(groups.values())


def _of_language(facts: Facts, results: list[Result], words: Wording) -> str:
    """One clause a text; a verb is not said twice in a row."""
    code = facts.measured.get(results[0].name, "")
    name = words.language_name(code, facts.languages) if code else words("verdict.other")
    said, clauses = "", []
    for result in results:
        key = _key(result)
        clauses.append(_clause(result, f"{key}_too" if key == said else key, words))
        said = key
    return words("verdict.language", language=name, clauses=words.list(clauses))


def _key(result: Result) -> str:
    change = result.of("change")
    if change is None or change.told is None:
        return "verdict.uncompared"
    return "verdict.fell" if change.told[0] < 0 else "verdict.rose"


def _clause(result: Result, key: str, words: Wording) -> str:
    change = result.of("change")
    where = {"n": words.integer(result.n), "name": result.name}
    if change is None or change.told is None:
        return words(key, **where)
    value, _, _ = change.told
    size = words.percent(abs(value), precision.digits_of(change.unit, value))
    interval = words.brackets(change, flip=value < 0)
    warning = f"verdict.{result.effect}" if result.effect in ("unclear", "worse") else "verdict.plain"
    return words(key, size=size, interval=interval, warning=words(warning), **where)
