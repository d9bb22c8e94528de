"""The page in three languages: the same figures, no English left, and numbers as each language writes them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from rantau import files
from tests.stages.report.conftest import Written
from tests.stages.report.markup import Reading

NUMBER = re.compile(r"[−-]?\d[\d.,]*")
ENGLISH_WORDS = re.compile(r"\b(the|of|and|is|was|were|with|by|are|not|for|that|it|each|no|new|all|none|from)\b")
AS_RECORDED = ("pre", "code", "style", "article")  # what no language changes: code, signatures, answers


class Rows(HTMLParser):
    """rows: text of each table row; prose: all text outside of what stays as it was recorded"""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[str] = []
        self.prose: list[str] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("wbr", "meta", "link", "br"):
            self._open.append(tag)
        if tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "tr" in self._open and "code" not in self._open:
            self.rows[-1] += f" {data}"
        if not set(AS_RECORDED) & set(self._open):
            self.prose.append(data)


def numbers(text: str, language: str) -> list[str]:
    plain = [n.rstrip(".,") for n in NUMBER.findall(text)]
    return [n.replace(".", "").replace(",", ".") if language == "ind" else n.replace(",", "") for n in plain]


@pytest.fixture(scope="module")
def read(by_language: dict[str, Written]) -> dict[str, Rows]:
    return {language: Rows(report.text("report.html")) for language, report in by_language.items()}


def test_every_table_has_equal_numbers(read: dict[str, Rows]) -> None:
    """Rows of versions and names are left to the eye: they hold dots that are no decimal marks."""
    names = re.compile(r"\d\.\d+\.\d|[a-z]\.[a-z]|\d{4}-|[A-Z]\w*-\d")
    same = [i for i, row in enumerate(read["eng"].rows) if not names.search(row)]
    assert len(same) > 90
    for language in ("ind", "kor"):
        assert len(read[language].rows) == len(read["eng"].rows)
        for i in same:
            theirs = numbers(read[language].rows[i], language)
            assert theirs == numbers(read["eng"].rows[i], "eng"), read[language].rows[i]


def test_no_english_is_left(read: dict[str, Rows]) -> None:
    """Reasons of dropped rows and notes of the comparison stay in the words in which they were recorded."""
    recorded = re.compile(r"no letters|is empty|not in Indonesian|shares text|no answer left|Made Up|This encoder")
    assert len(ENGLISH_WORDS.findall(" ".join(read["eng"].prose))) > 100
    for language in ("ind", "kor"):
        found = [t for t in read[language].prose if ENGLISH_WORDS.search(t) and not recorded.search(t)]
        assert found == []


def test_the_language_is_declared(by_language: dict[str, Written]) -> None:
    for language, code in (("eng", "en"), ("ind", "id"), ("kor", "ko")):
        assert Reading(by_language[language].text("report.html")).tags("html") == [{"lang": code}]


def test_every_page_is_small(by_language: dict[str, Written]) -> None:
    for report in by_language.values():
        assert (report.out / "report.html").stat().st_size < 5_000_000


def test_facts_are_the_same_but_for_the_sentences(by_language: dict[str, Written]) -> None:
    facts = [files.read_json(report.out / "facts.json") for report in by_language.values()]
    assert len({f["headline"] for f in facts}) == 3
    for one in facts:
        for said in ("headline", "verdict"):
            del one[said]
    assert facts[0] == facts[1] == facts[2]


def test_figures_speak_the_language(by_language: dict[str, Written]) -> None:
    assert "51,4  kebetulan" in by_language["ind"].text("figures/benchmarks.svg")
    assert "우연 수준" in by_language["kor"].text("figures/benchmarks.svg")
