"""Words as each language writes them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.language import known_languages, load_profile, metric_tokens, n_words, normalise, words

IND, KOR, JAV, ENG = (load_profile(code) for code in ("ind", "kor", "jav", "eng"))


def test_reduplication_and_apostrophes_are_one_word_in_indonesian() -> None:
    assert words("Anak-anak salat Jum'at, bukan jum’at.", IND) == [
        "Anak-anak",
        "salat",
        "Jum'at",
        "bukan",
        "jum’at",
    ]
    assert words("tahun '90-an -- 'baik-baik saja'", IND) == ["tahun", "90-an", "baik-baik", "saja"]


def test_numbers_keep_their_points() -> None:
    assert words("Harganya Rp1.000,50. Selesai.", IND) == ["Harganya", "Rp1.000,50", "Selesai"]


def test_english_keeps_the_apostrophe_and_splits_the_hyphen() -> None:
    assert words("Don't be well-known_", ENG) == ["Don't", "be", "well", "known"]


def test_korean_words_carry_their_particles_and_metrics_count_characters() -> None:
    text = "서울은 대한민국의 수도이다. 2024년!"
    assert words(text, KOR) == ["서울은", "대한민국의", "수도이다", "2024년"]
    assert metric_tokens(text, KOR) == list("서울은대한민국의수도이다2024년")
    assert metric_tokens("anak-anak!", IND) == ["anak-anak"]


def test_korean_jamo_are_joined_first() -> None:
    assert words(unicodedata.normalize("NFD", "한국어"), KOR) == ["한국어"]


def test_vowel_signs_stay_in_the_word() -> None:
    assert words("ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁ ꦏꦭꦲꦶꦂ", JAV) == ["ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁ", "ꦏꦭꦲꦶꦂ"]
    assert words("नमस्ते दुनिया", IND) == ["नमस्ते", "दुनिया"]
    assert words("𑀅𑀁𑀓", IND) == ["𑀅𑀁𑀓"]  # Brahmi, above U+FFFF


def test_a_text_without_words_has_none() -> None:
    assert words(" ... -- '' 😀 _", IND) == []
    assert n_words("", IND) == 0


def test_normal_forms() -> None:
    assert normalise("e\u0301", "NFC") == "é"
    assert normalise("ﬁ１", "NFKC") == "fi1"
    assert normalise("e\u0301ﬁ", "none") == "e\u0301ﬁ"


@pytest.mark.parametrize("code", known_languages())
@given(text=st.text(max_size=60))
def test_words_are_found_in_order_and_lose_no_letter(code: str, text: str) -> None:
    profile = load_profile(code)
    plain = normalise(text, profile.normal_form)
    found = words(text, profile)
    position = 0
    for word in found:
        position = plain.index(word, position) + len(word)
    assert [c for c in plain if c.isalnum()] == [c for word in found for c in word if c.isalnum()]
    apart, joined = (unicodedata.normalize(form, text) for form in ("NFD", "NFC"))
    assert words(apart, profile) == words(joined, profile)
