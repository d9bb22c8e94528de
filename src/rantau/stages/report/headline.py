"""The headline: what became of each language, by a rule that the page prints."""

from __future__ import annotations

from collections.abc import Sequence

from rantau.records import BenchmarkResult
from rantau.stages.report.benchmark_effect import effect_of
from rantau.stages.report.facts import Facts
from rantau.stages.report.results import Result
from rantau.stages.report.wording import ENGLISH, Wording

MARGIN = 0.02
"""Most relative rise of bits per byte at which a language still counts as kept."""


def headline(facts: Facts, words: Wording = ENGLISH) -> str:
    """Such as "Indonesian improved, English kept"; what speaks against it follows.

    Target: improved (some text better, none worse), worse, mixed, or unclear. Any other language: kept (no
    interval reaches above MARGIN), lost (some text is worse, and its interval reaches above it), or doubtful.
    """
    clauses = [_clause(facts, code, words) for code in _languages(facts)]
    if not clauses:
        return words("headline.nothing")
    told = words("headline.comma").join(clauses)
    return words("headline.full", told=words("headline.semicolon").join([told, *_against(facts, words)]))


def state(results: Sequence[Result], *, is_target: bool) -> str:
    """A key of `headline` for the changes in bits per byte of all texts of one language."""
    effects = [r.effect for r in results]
    if is_target:
        if "worse" in effects:
            return "mixed" if "better" in effects else "worse"
        return "improved" if "better" in effects else "unclear"
    highs = [c.told[2] for r in results if (c := r.of("change")) and c.told]
    if highs and max(highs) <= MARGIN and "untold" not in effects:
        return "kept"
    return "lost" if any(r.effect == "worse" and _high(r) > MARGIN for r in results) else "doubtful"


def of_language(facts: Facts, code: str) -> list[Result]:
    """Bits per byte of the texts in a language that were compared; parts of a text are not counted again."""
    return [
        r
        for r in facts.results
        if r.metric == "bits_per_byte" and r.effect and r.name in facts.measured and facts.measured[r.name] == code
    ]


def _clause(facts: Facts, code: str, words: Wording) -> str:
    found = of_language(facts, code)
    name = words.language_name(code, facts.languages)
    text = words(f"headline.{state(found, is_target=code == facts.target.code)}", language=name)
    return text[:1].upper() + text[1:] if code == _languages(facts)[0] else text


def _languages(facts: Facts) -> list[str]:
    """The target first, then the source, then all others that were measured."""
    measured = [code for code in facts.measured.values() if of_language(facts, code)]
    wanted = [facts.target.code, facts.source.code, *measured]
    return [code for code in dict.fromkeys(wanted) if code in measured]


def _against(facts: Facts, words: Wording) -> list[str]:
    """What bits per byte do not show: examples help less, benchmarks were lost, gates failed."""
    said = []
    if any(r.metric == "in_context_gain" and r.effect == "worse" and not r.is_part for r in facts.results):
        said.append(words("headline.in_context"))
    lost = [b for b in whole_benchmarks(facts.benchmarks) if effect_of(b, facts.confidence) == "worse"]
    if lost:
        said.append(words("headline.benchmarks", names=words.list([b.benchmark for b in lost])))
    failed = sum(g.failed for g in facts.gates)
    if failed:
        said.append(words("headline.gates", n=words.integer(failed), all=words.integer(len(facts.gates))))
    return said


def whole_benchmarks(rows: Sequence[BenchmarkResult]) -> list[BenchmarkResult]:
    """One row a benchmark where it has one over its tasks; else each of its tasks."""
    summed = {b.benchmark for b in rows if b.task == b.benchmark}
    return [b for b in rows if b.task == b.benchmark or b.benchmark not in summed]


def _high(result: Result) -> float:
    change = result.of("change")
    return change.told[2] if change and change.told else 0.0
