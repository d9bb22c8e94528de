"""What single answers are given: repetition, copying, endings, language."""

import pytest

from rantau.language import load_profile, words
from rantau.stages.evaluation.metrics.answer_scores import (
    copying_scores,
    ending_scores,
    fidelity_scores,
    length_scores,
    repetition_scores,
)
from rantau.stages.evaluation.metrics.fidelity import (
    fidelity_signature,
    judge_answers,
    judge_sentences,
    why_untellable,
)
from rantau.stages.evaluation.metrics.repetition import copied_share, repeats
from rantau.stages.evaluation.metrics.sentences import sentences
from rantau.stages.evaluation.metrics.turns import runs_on, starts_another_turn
from tests.stages.evaluation.said import RESAMPLING, by_system, speech, view

IND = load_profile("ind")
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
    assert repeats(words(text, IND)) is expected


@pytest.mark.parametrize(
    ("answer", "share"),
    [("a b c d e f g h", 0.0), ("w x y z", 1.0), ("W x Y z v a b c d e", 0.5), ("x y z", 0.0), ("", 0.0)],
)
def test_copying_counts_words_in_runs_of_the_prompt(answer: str, share: float) -> None:
    assert copied_share(answer.split(), ["u", "w", "x", "y", "z", "v"]) == share


def test_short_and_empty_answers_are_untold_and_do_not_count() -> None:
    found = judge_answers([INDONESIAN, ENGLISH, "Ya.", ""], IND)
    assert found.hits == (1.0, 0.0, 0.0, 0.0)
    assert found.labels == ("id", "en", "too short", "too short")
    assert found.n_untold == 2


def test_sentences_end_at_marks_and_lines() -> None:
    assert sentences('Satu. "Dua!" Tiga? 3,5 kg\n\n- empat\n') == ["Satu.", '"Dua!"', "Tiga?", "3,5 kg", "- empat"]
    assert sentences("서울은 수도이다. 네.") == ["서울은 수도이다.", "네."]
    assert sentences("  ") == []


def test_sentences_are_judged_one_by_one_and_short_ones_are_left_out() -> None:
    mixed = f"{INDONESIAN} {ENGLISH} Ya."
    assert judge_sentences([mixed, INDONESIAN, "Ya. Tidak."], IND) == ((0.5, 1.0, 0.0), 1)


@pytest.mark.parametrize("code", ["sun", "min"])
def test_a_language_without_a_label_is_not_judged(code: str) -> None:
    assert code in why_untellable(load_profile(code))
    assert judge_answers([INDONESIAN], load_profile(code)).hits == (0.0,)


def test_a_language_with_a_label_is_judged() -> None:
    assert why_untellable(IND) == ""
    assert "label:id" in fidelity_signature(IND)
    assert "confused_with:zsm,min" in fidelity_signature(IND)
    assert "too_short:not_in_language|" in fidelity_signature(IND)
    assert "too_short:left_out|" in fidelity_signature(IND, too_short="left_out")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Jakarta.\nUser: Apa lagi?", True),
        ("Jakarta.\n\n### Instruction:\nTulis", True),
        ("Jakarta.\n<|im_start|>user", True),
        ("서울입니다.\n질문: 또?", True),
        ("User: Apa?", False),  # an odd beginning, but nothing was answered before it
        ("Pertanyaan itu:\nmudah dijawab", False),
        ("Daftar:\n- pengguna\n- asisten", False),
        ("", False),
    ],
)
def test_another_turn(answer: str, expected: bool) -> None:
    assert starts_another_turn(answer) is expected


def test_an_answer_at_the_limit_runs_on_where_its_reference_fits() -> None:
    assert runs_on("ya", ended=False, room=True)
    assert not runs_on("ya", ended=False, room=False)
    assert not runs_on("ya", ended=True, room=True)


def test_rows_of_answers_alone() -> None:
    base = ["satu dua tiga empat " * 3, f"{ENGLISH}\nUser: ya", ENGLISH, "Ya."]
    adapted = [INDONESIAN] * 4
    said = speech(view([base], [adapted], [INDONESIAN] * 4), prompts=[ENGLISH] * 4)
    repetition = by_system(repetition_scores(said, IND, RESAMPLING))
    assert (repetition["base"].value, repetition["adapted"].value) == (0.25, 0.0)
    endings = ending_scores(said, RESAMPLING)
    assert by_system(endings, "answer_ended")["base"].value == 1.0
    assert by_system(endings, "run_on")["base"].value == 0.25
    assert by_system(endings, "run_on")["ceiling"].value == 0.0
    copied = by_system(copying_scores(said, IND, RESAMPLING))
    assert copied["base"].value == pytest.approx((1 + 13 / 15) / 4, abs=0.01)
    assert copied["chance-base"].value == copied["base"].value  # every prompt is the same here
    words_ = by_system(length_scores(said, IND, RESAMPLING))
    assert (words_["adapted"].value, words_["ceiling"].value) == (10.0, 10.0)
    language = fidelity_scores(said, IND, RESAMPLING)
    assert by_system(language, "language_fidelity")["base"].n_untold == 1
    assert by_system(language, "sentence_fidelity")["adapted"].value == 1.0
