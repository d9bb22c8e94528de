"""Sections of the page: which of them have facts, and which figures need an explanation."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.wording import Wording, upper

ALWAYS = ("data", "training", "cost", "switches", "reproduce")


def sections(facts: Facts) -> list[str]:
    """Ids in the order of the page; each has a title in the words `section`."""
    found = ["result"]
    found += ["forgetting"] if has_forgetting(facts) else []
    found += ["benchmarks"] if facts.benchmarks else []
    found += ["answers"] if facts.picked else []
    return [*found, *ALWAYS]


def has_forgetting(facts: Facts) -> bool:
    """Whether anything was measured that can be lost: another language, examples, or a gate."""
    other = any(r.metric == "bits_per_byte" and _is_other(facts, r.name) for r in facts.results)
    return other or bool(facts.gates) or any(r.metric == "in_context_gain" for r in facts.results)


def _is_other(facts: Facts, name: str) -> bool:
    return facts.language_of(name) not in ("", facts.target.code)


def meanings(facts: Facts, words: Wording) -> list[tuple[str, str]]:
    """(metric, what it can and cannot tell) for every metric of the results that is explained, once each."""
    language = words.language_name(facts.target.code, facts.languages)
    told = {}
    for result in facts.results:
        plain = result.metric.partition(":")[0]
        if words.has(f"about.{plain}"):
            told[upper(words.metric(plain, language))] = words(f"about.{plain}", language=language)
    return list(told.items())
