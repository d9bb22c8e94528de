"""Scripts by range, against the Unicode property and on real text."""

import unicodedata

import pytest
import regex  # type: ignore[import-untyped]

from rantau.errors import RecipeError
from rantau.language import SCRIPTS, known_languages, load_profile, script_counts, script_of, script_share
from tests.language.sentences import SENTENCES

PROPERTY = {
    "Arab": "Arabic",
    "Cyrl": "Cyrillic",
    "Deva": "Devanagari",
    "Hang": "Hangul",
    "Hani": "Han",
    "Hira": "Hiragana",
    "Java": "Javanese",
    "Kana": "Katakana",
    "Latn": "Latin",
    "Sund": "Sundanese",
    "Thai": "Thai",
}


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="ranges are written for Unicode 14")
def test_every_letter_has_the_script_that_unicode_gives_it() -> None:
    letters = [c for c in map(chr, range(0x32000)) if c.isalpha()]
    expected = dict.fromkeys(letters)
    for script in SCRIPTS:
        in_script = regex.compile(rf"\p{{Script={PROPERTY[script]}}}")
        expected |= dict.fromkeys(in_script.findall("".join(letters)), script)
    assert {c: script_of(c) for c in letters if script_of(c) != expected[c]} == {}


@pytest.mark.parametrize("code", known_languages())
def test_a_sentence_is_all_in_its_own_script(code: str) -> None:
    assert script_share(SENTENCES[code], load_profile(code).scripts) == 1.0


def test_javanese_script_counts_as_javanese() -> None:
    aksara = "ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁ"  # the opening of the Universal Declaration: saben uwong
    assert script_share(aksara, ("Java",)) == 1.0
    assert script_share(aksara, load_profile("jav").scripts) == 1.0
    assert script_share(aksara, load_profile("ind").scripts) == 0.0


def test_a_mixed_text_is_counted_by_letters_only() -> None:
    assert script_counts("서울 Seoul 2024!") == {"Latn": 5, "Hang": 2}
    assert script_share("서울 Seoul 2024!", ("Hang",)) == pytest.approx(2 / 7)
    assert script_share("Привет नमस्ते", ("Cyrl", "Deva")) == 1.0
    assert script_share("αβγ abc", ("Latn",)) == 0.5  # Greek is in no range and still counts as letters


def test_a_text_without_letters_has_no_script() -> None:
    assert script_share("", ("Latn",)) == 0.0
    assert script_share("12:30 😀", ("Latn",)) == 0.0
    assert script_of("7") is None


def test_an_unknown_script_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"script 'Latin' is unknown\. Known: Arab, Cyrl"):
        script_share("a", ("Latin",))
