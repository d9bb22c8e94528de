"""What the detector says of real sentences, and what it cannot tell."""

import pytest

from rantau.errors import RecipeError
from rantau.language import identify, in_language, judge_language, load_profile
from tests.language.sentences import SENTENCES

IND = load_profile("ind")
MALAY = "Awak boleh beritahu kami mengapa kereta itu tidak boleh berhenti di kedai kerana cuaca buruk."


@pytest.mark.parametrize("code", ["ind", "eng", "jav", "kor"])
def test_a_sentence_is_in_its_own_language_only(code: str) -> None:
    label = load_profile(code).detector_label
    assert identify(SENTENCES[code]).label == label
    for other in ("ind", "eng", "jav", "kor"):
        judged = judge_language(SENTENCES[code], load_profile(other))
        assert judged.in_language in ({True} if other == code else {False, None})


def test_probability_and_margin_are_shares() -> None:
    found = identify(SENTENCES["eng"])
    assert 0.9 < found.probability <= 1.0
    assert 0.0 < found.margin <= found.probability


@pytest.mark.parametrize("code", ["sun", "min"])
def test_a_language_without_a_label_cannot_be_told(code: str) -> None:
    profile = load_profile(code)
    assert in_language(SENTENCES[code], profile) is None
    judged = judge_language(SENTENCES[code], profile)
    assert (judged.in_language, judged.reason) == (None, "no_label")
    assert judged.detection.label in {"jv", "id"}  # the leak that the report has to name


def test_malay_is_not_indonesian_and_can_be_counted() -> None:
    judged = judge_language(MALAY, IND)
    assert (judged.in_language, judged.reason, judged.detection.label) == (False, "other_label", "ms")


def test_a_short_text_cannot_be_told() -> None:
    assert in_language("Selamat pagi!", IND) is None
    assert judge_language("Selamat pagi!", IND).reason == "too_short"
    assert in_language("", load_profile("eng")) is None
    assert in_language("안녕하세요", load_profile("kor")) is True  # five Hangul letters are enough


def test_an_unsure_label_does_not_count() -> None:
    assert in_language(SENTENCES["ind"], IND, min_probability=0.0) is True
    assert in_language(SENTENCES["ind"], IND, min_probability=1.0) is False
    assert judge_language(SENTENCES["ind"], IND, min_probability=1.0).reason == "low_probability"


def test_one_candidate_set_does_not_leak_into_the_next() -> None:
    before = identify(SENTENCES["jav"])
    assert identify(SENTENCES["jav"], candidates=("en", "id")).label == "id"
    assert identify(SENTENCES["jav"], candidates=("en", "jv")).label == "jv"
    assert identify(SENTENCES["jav"]) == before
    import py3langid

    assert py3langid.classify(SENTENCES["jav"])[0] == "jv"


def test_candidates_serve_the_judgement() -> None:
    assert judge_language(MALAY, IND, candidates=["id", "en"]).in_language is True
    with pytest.raises(RecipeError, match="candidates must contain 'id' to judge ind, got en, ms"):
        judge_language(MALAY, IND, candidates=["en", "ms"])


def test_wrong_candidates_are_refused() -> None:
    with pytest.raises(RecipeError, match="two or more detector labels: 'su' is no label"):
        identify("x", candidates=["id", "su"])
    with pytest.raises(RecipeError, match="two or more detector labels: got 1"):
        identify("x", candidates=["id", "id"])
