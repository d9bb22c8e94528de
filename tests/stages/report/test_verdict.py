"""The verdict says what the scores say: better, worse, or not to be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rantau.stages.report.results import Result, results_of
from rantau.stages.report.verdict import sentence, spoken, tally
from tests.stages.report.conftest import Written


def change(
    value: float | None, low: float | None, high: float | None, *, better: str = "lower", **more: object
) -> Result:
    row = {"metric": "bits_per_byte", "name": "indonesian-news", "unit": "relative", "better": better, "n": 200,
           "system": "change", "value": value, "low": low, "high": high, "signature": "s", **more}  # fmt: skip
    return results_of([row])[0]


@pytest.mark.parametrize(
    ("result", "effect"),
    [
        (change(-0.2, -0.3, -0.1), "better"),
        (change(0.2, 0.1, 0.3), "worse"),
        (change(0.2, 0.1, 0.3, better="higher"), "better"),
        (change(-0.2, -0.3, 0.0), "unclear"),
        (change(0.1, -0.1, 0.3), "unclear"),
        (change(0.2, 0.1, 0.3, better="neither"), "described"),
        (change(None, None, None, reason="no label"), "untold"),
    ],
)
def test_effects(result: Result, effect: str) -> None:
    assert result.effect == effect


def test_a_fall_a_doubt_and_a_harm_are_said_plainly(whole: Written) -> None:
    assert sentence(whole.facts) == (
        "Indonesian bits per byte fell by 21.3 % [20.1, 22.5] on 200 unseen documents of indonesian-news and by "
        "26.2 % [25.0, 27.4] on 80 unseen documents of indonesian-answers; English bits per byte rose by 0.4 % "
        "[−0.2, 1.0] on 60 unseen documents of english-docs (an interval that includes zero) and by 3.1 % [1.9, "
        "4.3] on 100 unseen documents of english-talk (worse)."
    )


def test_a_rise_in_the_target_language_is_worse(whole: Written) -> None:
    facts = replace(whole.facts, results=(change(0.052, 0.01, 0.09),))
    assert sentence(facts) == (
        "Indonesian bits per byte rose by 5.2 % [1.0, 9.0] on 200 unseen documents of indonesian-news (worse)."
    )


def test_the_interval_of_a_fall_that_may_be_none_keeps_its_signs(whole: Written) -> None:
    facts = replace(whole.facts, results=(change(-0.01, -0.03, 0.01),))
    assert "fell by 1.0 % [−1.0, 3.0]" in sentence(facts)
    assert "includes zero" in sentence(facts)


def test_answers_are_told_with_their_number(whole: Written) -> None:
    assert spoken(whole.facts) == (
        "Answers in Indonesian: 4.2 % before, 90.3 % after (+86.1 points [+77.8, +93.1], n = 72)."
    )


def test_a_language_without_a_label_is_not_given_a_share(whole: Written) -> None:
    row = {"metric": "language_fidelity", "name": "talks", "unit": "share", "better": "higher", "n": 9,
           "system": "change", "value": None, "low": None, "high": None, "signature": "s",
           "reason": "No label for it."}  # fmt: skip
    assert spoken(replace(whole.facts, results=results_of([row]))) == "No label for it."


def test_the_tally_counts_every_change_and_names_the_harm(whole: Written) -> None:
    assert tally(whole.facts) == (
        "Of 10 changes measured: 5 better, 2 worse: bits per byte (english-talk) and words copied from the "
        "prompt (instruksi), 2 cannot be told from no change, 1 neither good nor bad by itself."
    )


def test_without_prompts_nothing_is_said_of_answers(textual: Written) -> None:
    assert spoken(textual.facts) == ""
    assert tally(textual.facts).startswith("Of 4 changes measured: 2 better, 1 worse")
