import pytest

from rantau.language import load_profile, words
from rantau.stages.evaluation.fidelity import fidelity_signature, judge_answers, why_untellable
from rantau.stages.evaluation.marks import mean_scores, share_scores
from rantau.stages.evaluation.repetition import copied_share, repeats
from rantau.stages.evaluation.scores import Measure, Resampling

RESAMPLING: Resampling = {"seed": 3, "n_resamples": 400, "confidence": 0.95}
SHARE = Measure("m", "tanya", "share", "higher", "m|set")
INDONESIAN = "Ibu kota Indonesia adalah Jakarta, yang terletak di pulau Jawa."
ENGLISH = "The capital of Indonesia is Jakarta, which lies on the island of Java."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("satu dua tiga empat " * 3, True),
        ("satu dua tiga empat " * 2, False),
        ("Satu dua tiga empat, satu DUA tiga empat. satu dua tiga empat!", True),
        ("apa apa apa apa apa apa", True),  # positions 0, 1, 2: overlaps count
        ("apa apa apa apa apa", False),
        ("", False),
    ],
)
def test_repetition(text: str, expected: bool) -> None:
    assert repeats(words(text, load_profile("ind"))) is expected


@pytest.mark.parametrize(
    ("answer", "share"),
    [("a b c d e f g h", 0.0), ("w x y z", 1.0), ("W x Y z v a b c d e", 0.5), ("x y z", 0.0), ("", 0.0)],
)
def test_copying_counts_words_in_runs_of_the_prompt(answer: str, share: float) -> None:
    assert copied_share(answer.split(), ["u", "w", "x", "y", "z", "v"]) == share


def test_short_and_empty_answers_are_untold_and_do_not_count() -> None:
    found = judge_answers([INDONESIAN, ENGLISH, "Ya.", ""], load_profile("ind"))
    assert found.hits == (1.0, 0.0, 0.0, 0.0)
    assert found.labels == ("id", "en", "too short", "too short")
    assert found.n_untold == 2


@pytest.mark.parametrize("code", ["sun", "min"])
def test_a_language_without_a_label_is_not_judged(code: str) -> None:
    assert code in why_untellable(load_profile(code))
    assert judge_answers([INDONESIAN], load_profile(code)).hits == (0.0,)


def test_a_language_with_a_label_is_judged() -> None:
    assert why_untellable(load_profile("ind")) == ""
    assert "label:id" in fidelity_signature(load_profile("ind"))
    assert "confused_with:zsm,min" in fidelity_signature(load_profile("ind"))


def test_shares_have_wilson_bounds_and_the_change_an_exact_test() -> None:
    base, adapted = [0.0] * 8 + [1.0] * 2, [1.0] * 7 + [0.0] * 2 + [1.0]
    rows = {r.system: r for r in share_scores(SHARE, base, adapted, [1.0] * 10, RESAMPLING, n_untold=(1, 2, 0))}
    assert (rows["base"].value, rows["adapted"].value, rows["ceiling"].value) == (0.2, 0.8, 1.0)
    assert (rows["base"].low, rows["base"].high) == pytest.approx((0.0567, 0.5098), abs=1e-4)
    assert rows["ceiling"].low == pytest.approx(10 / (10 + 1.959964**2))
    assert rows["change"].value == pytest.approx(0.6)
    assert rows["change"].p_mcnemar == pytest.approx(2 * (1 + 8) / 2**8)  # 7 won, 1 lost
    assert [rows[s].n_untold for s in ("base", "adapted", "ceiling", "change")] == [1, 2, 0, None]
    assert all(r.n == 10 and r.signature.startswith("m|set|interval:") for r in rows.values())


def test_equal_answers_change_nothing() -> None:
    marks = [0.0, 1.0, 1.0, 0.0]
    for rows in (share_scores(SHARE, marks, marks, marks, RESAMPLING), mean_scores(SHARE, marks, marks, marks, RESAMPLING)):  # fmt: skip  # noqa: E501
        change = next(r for r in rows if r.system == "change")
        assert (change.value, change.low, change.high) == (0.0, 0.0, 0.0)


def test_means() -> None:
    rows = {r.system: r for r in mean_scores(SHARE, [1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [5.0] * 3, RESAMPLING)}
    assert (rows["base"].value, rows["adapted"].value, rows["ceiling"].value) == (2.0, 3.0, 5.0)
    change = rows["change"]
    assert (change.value, change.low, change.high) == (1.0, 1.0, 1.0)  # paired: every item gains 1
