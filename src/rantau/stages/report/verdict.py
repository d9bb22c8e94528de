"""The verdict: sentences by rule from the scores."""

from __future__ import annotations

from collections.abc import Iterable

from rantau.stages.report import precision
from rantau.stages.report.facts import Facts
from rantau.stages.report.results import Effect, Result

METRIC_NAMES = {
    "bits_per_byte": "bits per byte",
    "perplexity": "perplexity",
    "language_fidelity": "answers in the target language",
    "chrf++": "chrF++",
    "answer_ended": "answers that end by themselves",
    "repetition": "answers that repeat themselves",
    "prompt_copied": "words copied from the prompt",
    "answer_words": "words in an answer",
}
KINDS: dict[Effect, str] = {
    "better": "better",
    "worse": "worse",
    "unclear": "cannot be told from no change",
    "described": "neither good nor bad by itself",
    "untold": "could not be measured",
}


def metric_name(result: Result, facts: Facts) -> str:
    if result.metric == "language_fidelity":
        return f"answers in {facts.target.name}"
    return METRIC_NAMES.get(result.metric, result.metric.replace("_", " "))


def sentence(facts: Facts) -> str:
    """What happened to the bits per byte of all texts, the target language first; nothing is left out."""
    bits = [r for r in facts.results if r.metric == "bits_per_byte"]
    target = [r for r in bits if facts.measured.get(r.name) == facts.target.code]
    others = [r for r in bits if r not in target]
    parts = [_of_language(facts, group) for group in _by_language(facts, [*target, *others])]
    if not parts:
        return "No held-out text was measured."
    return f"{parts[0][:1].upper()}{'; '.join(parts)[1:]}."


def spoken(facts: Facts) -> str:
    """The share of answers in the target language, before and after; empty without prompts."""
    result = next((r for r in facts.results if r.metric == "language_fidelity"), None)
    change = result.of("change") if result else None
    if result is None or change is None:
        return ""
    if change.told is None:
        return change.reason or f"The share of answers in {facts.target.name} could not be measured."
    before, after = precision.plain(result.of("base")), precision.plain(result.of("adapted"))
    size = f"{precision.change(change)} {precision.brackets(change, sign=True)}"
    note = ", an interval that includes zero" if result.effect == "unclear" else ""
    return f"Answers in {facts.target.name}: {before} before, {after} after ({size}{note}, n = {result.n})."


def tally(facts: Facts) -> str:
    """How many changes are better, worse, unclear; the worse ones by name."""
    changed = [r for r in facts.results if r.effect]
    parts = []
    for effect, words in KINDS.items():
        found = [r for r in changed if r.effect == effect]
        names = (
            f" ({', '.join(f'{metric_name(r, facts)} on {r.name}' for r in found)})" if effect == "worse" else ""
        )
        if found:
            parts.append(f"{len(found)} {words}{names}")
    return f"Of {len(changed)} changes measured: {', '.join(parts)}." if parts else ""


def _by_language(facts: Facts, results: Iterable[Result]) -> list[list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(facts.measured.get(result.name, ""), []).append(result)
    return list(groups.values())


def _of_language(facts: Facts, results: list[Result]) -> str:
    """One clause a text; a verb is not said twice in a row."""
    name = facts.language_name(facts.measured.get(results[0].name, "other"))
    said, clauses = "", []
    for result in results:
        verb, rest = _clause(result)
        clauses.append(rest if verb == said else f"{verb} {rest}".strip())
        said = verb
    return f"{name} bits per byte {_joined(clauses)}"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _clause(result: Result) -> tuple[str, str]:
    """Verb, and the rest of the clause."""
    change = result.of("change")
    where = f"on {result.n:,} unseen documents of {result.name}"
    if change is None or change.told is None:
        return "could not be compared", where
    value, _, _ = change.told
    size = precision.number(abs(precision.scaled(value, change.unit)), precision.digits_of(change.unit, value))
    interval = precision.brackets(change, flip=value < 0)
    return "fell" if value < 0 else "rose", f"by {size} % {interval} {where}{_warning(result)}"


def _warning(result: Result) -> str:
    warnings = {"unclear": " (an interval that includes zero)", "worse": " (worse)"}
    return warnings.get(str(result.effect), "")
