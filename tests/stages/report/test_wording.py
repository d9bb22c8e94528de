"""Words in three languages: the same keys, the same places, and numbers as each language writes them."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import get_args

import pytest

import rantau.stages.report as room
from rantau.recipe import SWITCHES, Report
from rantau.records import Score
from rantau.stages.report import precision
from rantau.stages.report.switch_table import names_of
from rantau.stages.report.wording import Wording, _read, words_of

LANGUAGES = get_args(Report.model_fields["language"].annotation)
SOURCE = Path(room.__file__).parent


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_its_words() -> None:
    for folder in ("words", "words/page"):
        assert {path.stem for path in (SOURCE / folder).glob("*.yaml")} == set(LANGUAGES)


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "eng"])
def test_every_switch_is_translated(language: str) -> None:
    assert names_of(language).keys() == {switch.name for switch in SWITCHES}
    for switch in SWITCHES:
        name, why = names_of(language)[switch.name]
        assert name and why and (name, why) != (switch.name, switch.why)


def test_page_and_card_have_no_key_twice() -> None:
    """What both say stands in one file."""
    files = [_read(f"words/{folder}eng.yaml") for folder in ("", "page/")]
    assert files[0].keys().isdisjoint(files[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_missing_and_no_place_is_lost(language: str) -> None:
    english, words = words_of("eng"), words_of(language)
    assert english.keys() == words.keys()
    for key, text in english.items():
        assert places(text) == places(words[key]), key
        assert bool(text) == bool(words[key]), key
        assert words[key].count("|") == text.count("|"), key


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "eng"])
def test_sentences_are_translated(language: str) -> None:
    """A text of four words and more that is the same in two languages was forgotten."""
    english, words = words_of("eng"), words_of(language)
    same = [k for k, text in english.items() if text == words[k] and len(re.findall(r"[^\W\d]{3,}", text)) > 3]
    assert same == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_the_code_names_is_there(language: str) -> None:
    words = words_of(language)
    for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.jinja")]:
        text = path.read_text(encoding="utf-8")
        for key in re.findall(r"""(?:words|\bw|ENGLISH)\(\s*['"]([\w.+]+)['"]""", text):
            known = any(k.startswith(key) for k in words) if key.endswith(".") else key in words
            assert known, f"{path.name}: {key}"


def test_no_key_is_left_over() -> None:
    """Every group of keys is named by some line of the room."""
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.jinja")]
    )
    for key in words_of("eng"):
        group = key.rpartition(".")[0]
        assert f'"{key}"' in code or f"'{key}'" in code or re.search(rf"[\"']{re.escape(group)}\.", code), key


@pytest.mark.parametrize(
    ("language", "number", "percent", "interval"),
    [
        ("eng", "−12,345.6", "21.3 %", "[19.9, 22.6]"),
        ("ind", "−12.345,6", "21,3%", "[19,9; 22,6]"),
        ("kor", "−12,345.6", "21.3%", "[19.9, 22.6]"),
    ],
)
def test_numbers_are_written_as_readers_write_them(
    language: str, number: str, percent: str, interval: str
) -> None:
    words = Wording(language)
    score = Score("m", "t", "share", "higher", "adapted", 0.213, 0.199, 0.226, 9, "s")
    assert words.number(-12345.6, 1) == number
    assert words.percent(0.213) == percent
    assert words.plain(score) == percent
    assert words.brackets(score) == interval


def test_english_words_write_numbers_as_the_page_does() -> None:
    words = Wording("eng")
    for unit, value in (("share", 0.5), ("relative", -0.2), ("points", 3.25), ("words", -2.0), ("bits/byte", 1.5)):
        score = Score("m", "t", unit, "higher", "change", value, value - 0.1, value + 0.1, 9, "s")
        assert words.change(score) == precision.change(score)
        assert words.plain(score) == precision.plain(score)
        assert words.brackets(score, sign=True) == precision.brackets(score, sign=True)
    for seconds in (3.04, 61, 90, 3600, 5399.7):
        assert words.duration(seconds) == precision.duration(seconds)


@pytest.mark.parametrize(
    ("value", "figure"), [(2e-5, "0.00002"), (0.0002, "0.0002"), (1e-7, "0.0000001"), (16.0, "16"), (0.0, "0")]
)
def test_rates_are_written_without_powers_of_ten(value: float, figure: str) -> None:
    assert Wording("eng").figure(value) == figure
    assert Wording("ind").figure(value) == figure.replace(".", ",")


@pytest.mark.parametrize(
    ("value", "text"), [(0.00123456, "0.00123"), (12.3456, "12.3"), (1234.5, "1,230"), (0.0, "0"), (-0.5, "−0.5")]
)
def test_three_digits_that_count(value: float, text: str) -> None:
    assert Wording("eng").rounded(value) == text


def test_lists_are_joined_as_the_language_joins_them() -> None:
    assert Wording("eng").list(["a", "b", "c"]) == "a, b and c"
    assert Wording("ind").list(["a", "b"]) == "a dan b"
    assert Wording("kor").list(["a", "b"]) == "a, b"
    assert Wording("eng").list(["a"]) == "a"
    assert Wording("eng").list([]) == ""
