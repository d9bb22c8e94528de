"""Searching: titles and texts of one's own talks, in any script, in capitals or not."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from rantau.web.records.models import Message, Talk


def found(page: Any, query: str) -> list[str]:
    status, told = page("GET", "/api/talks", {"q": query})
    assert status == 200
    return sorted(talk["title"] for talk in told["talks"])


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Kucing Hitam", "kucing"), ("Größe ÄÖÜ", "größe äöü"), ("ΑΘΗΝΑ", "αθηνα"), ("МОСКВА слезам", "москва"),
        ("Café", unicodedata.normalize("NFD", "CAFÉ")), ("서울의 날씨", "날씨"), ("สวัสดี", "สวัส"), ("نص عربي",
        "عربي"),
    ],
)  # fmt: skip
def test_letters_of_all_scripts(page: Any, owner: Any, title: str, query: str) -> None:
    Talk.objects.create(owner=owner, title=title)
    Talk.objects.create(owner=owner, title="lain")
    assert found(page, query) == [title]


@pytest.mark.parametrize("query", ["100%", "a_b", "c\\d", "[x]", "(", "^", ".*", "'", '"', "$1"])
def test_signs_mean_themselves(page: Any, owner: Any, query: str) -> None:
    Talk.objects.create(owner=owner, title=f"ada {query} sini")
    Talk.objects.create(owner=owner, title="1000 aXb c d x")
    assert found(page, query) == [f"ada {query} sini"]


def test_words_may_stand_in_the_title_and_in_any_text(page: Any, owner: Any, exchange: Callable[..., Any]) -> None:
    talk = Talk.objects.create(owner=owner, title="Perjalanan")
    exchange(talk, "ke Bandung", "Naik KERETA saja.")
    assert found(page, "perjalanan bandung kereta") == ["Perjalanan"]
    assert found(page, "bandung pesawat") == []


def test_others_talks_and_deleted_ones_are_not_found(page: Any, owner: Any, stranger: Any) -> None:
    theirs = Talk.objects.create(owner=stranger, title="kucing")
    Message.objects.create(talk=theirs, role="user", text="kucing", author=stranger)
    page("DELETE", f"/api/talks/{Talk.objects.create(owner=owner, title='kucing').id}")
    assert found(page, "kucing") == []


def test_a_query_without_end(page: Any, owner: Any) -> None:
    Talk.objects.create(owner=owner, title="a" * 150)
    assert found(page, "a" * 5000) == [] and found(page, "\x00" * 300 + "a") != []
