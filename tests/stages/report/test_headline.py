"""The headline follows its rule: what counts as improved, kept and lost, and what is said against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rantau.stages.report.headline import MARGIN, headline, state
from rantau.stages.report.results import Result, results_of
from rantau.stages.report.verdict import tally
from rantau.stages.report.wording import Wording
from tests.stages.report.conftest import Written


def change(low: float | None, high: float | None, *, name: str = "t", metric: str = "bits_per_byte") -> Result:
    value = None if low is None or high is None else (low + high) / 2
    row = {"metric": metric, "name": name, "unit": "relative", "better": "lower", "n": 9, "system": "change",
           "value": value, "low": low, "high": high, "signature": "s"}  # fmt: skip
    return results_of([row])[0]


BETTER, WORSE, UNCLEAR, UNTOLD = (-0.3, -0.1), (0.01, 0.03), (-0.1, 0.1), (None, None)


@pytest.mark.parametrize(
    ("bounds", "told"),
    [([BETTER], "improved"), ([BETTER, UNCLEAR], "improved"), ([BETTER, WORSE], "mixed"), ([WORSE], "worse"),
     ([WORSE, UNCLEAR], "worse"), ([UNCLEAR], "unclear"), ([UNTOLD], "unclear")],
)  # fmt: skip
def test_the_target_language(bounds: list[tuple[float | None, float | None]], told: str) -> None:
    assert state([change(*b) for b in bounds], is_target=True) == told


@pytest.mark.parametrize(
    ("bounds", "told"),
    [([BETTER], "kept"), ([(-0.01, MARGIN)], "kept"), ([(0.001, MARGIN)], "kept"), ([(0.001, 0.021)], "lost"),
     ([BETTER, WORSE], "lost"), ([UNCLEAR], "doubtful"), ([BETTER, UNCLEAR], "doubtful"),
     ([BETTER, UNTOLD], "doubtful")],
)  # fmt: skip
def test_other_languages(bounds: list[tuple[float | None, float | None]], told: str) -> None:
    """Worse by less than the margin counts as kept; not to be told is never kept."""
    assert state([change(*b) for b in bounds], is_target=False) == told


def test_a_language_that_was_not_measured_is_not_said(whole: Written) -> None:
    facts = replace(whole.facts, results=(change(*BETTER, name="indonesian-news"),))
    assert headline(facts) == "Indonesian improved."
    assert headline(replace(facts, results=())) == "No change was measured."


def test_the_best_case_in_every_language(whole: Written) -> None:
    results = (change(*BETTER, name="indonesian-news"), change(-0.01, 0.01, name="english-docs"))
    facts = replace(whole.facts, results=results)
    assert headline(facts) == "Indonesian improved, English kept."
    assert headline(facts, Wording("ind")) == "Bahasa Indonesia membaik, bahasa Inggris terjaga."
    assert headline(facts, Wording("kor")) == "인도네시아어 향상, 영어 유지."


def test_parts_of_a_text_do_not_count_twice(whole: Written) -> None:
    results = (change(*BETTER, name="indonesian-news"), change(*WORSE, name="indonesian-news/law"))
    assert headline(replace(whole.facts, results=results)) == "Indonesian improved."


def test_a_kind_of_list_alone_is_no_loss_of_learning(whole: Written) -> None:
    kind = replace(change(*WORSE, name="letters/copy", metric="in_context_gain"), better="lower")
    assert kind.effect == "worse"
    results = (change(*BETTER, name="indonesian-news"), kind)
    assert headline(replace(whole.facts, results=results)) == "Indonesian improved."
    assert tally(replace(whole.facts, results=results)) == "Of 1 changes measured: 1 better."


def test_what_bits_per_byte_do_not_show_is_added(full: Written) -> None:
    assert headline(full.facts) == (
        "Indonesian improved, English partly lost; examples in the prompt help less than before; benchmarks lost: "
        "arc_challenge; 1 of 3 gates failed."
    )


def test_the_rule_is_on_the_page(full: Written) -> None:
    assert "if no interval reaches above a rise of 2 %" in full.text("report.html")
