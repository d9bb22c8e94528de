"""The list of talks, a talk and its settings."""

from typing import Any
from urllib.parse import urlencode

import pytest

from rantau.web.records.models import Talk
from rantau.web.site import Served


def test_a_talk_is_made_shown_changed_deleted_and_restored(page: Any) -> None:
    status, made = page(
        "POST", "/api/talks", {"mode": "single", "title": " A\n b\u202e ", "wish": {"temperature": 9}}
    )
    assert status == 201 and (made["title"], made["wish"], made["messages"]) == ("A b", {"temperature": 2.0}, [])
    path = f"/api/talks/{made['id']}"
    assert page("PATCH", path, {"title": "Baru", "system_prompt": "Singkat."})[1]["title"] == "Baru"
    assert page("GET", path)[1]["system_prompt"] == "Singkat."
    assert page("DELETE", path)[1]["deleted"]
    assert page("GET", path)[0] == 404 and page("GET", "/api/talks")[1]["talks"] == []
    assert page("POST", f"{path}/restore", {})[1]["deleted"] is None
    assert page("GET", path)[0] == 200


def test_the_same_name_twice_is_one_talk(page: Any, stranger_page: Any) -> None:
    """A page whose answer was lost asks again; another person's names are others."""
    status, made = page("POST", "/api/talks", {"client_id": "a", "mode": "compare"})
    assert status == 201
    assert page("POST", "/api/talks", {"client_id": "a", "mode": "compare"}) == (200, made)
    assert stranger_page("POST", "/api/talks", {"client_id": "a"})[0] == 201
    assert page("POST", "/api/talks", {"client_id": "b"})[1]["id"] != made["id"]
    assert Talk.objects.count() == 3
    page("DELETE", f"/api/talks/{made['id']}")
    assert page("POST", "/api/talks", {"client_id": "a"})[0] == 404  # nothing is written in it behind their back


@pytest.mark.parametrize("name", ["", "a b", "a" * 65, 3, None])
def test_a_name_of_a_talk_is_short_and_plain(page: Any, name: Any) -> None:
    status, told = page("POST", "/api/talks", {"client_id": name})
    assert (status, told["error"]["code"], Talk.objects.count()) == (400, "bad_request", 0)


def test_a_talk_that_is_asked_for_again_is_as_it_was_asked_for_last(page: Any) -> None:
    """Until something was said in it."""
    made = page("POST", "/api/talks", {"client_id": "a", "mode": "compare", "wish": {"seed": 3}})[1]
    status, again = page("POST", "/api/talks", {"client_id": "a", "title": "lain"})
    assert (status, again["id"], again["mode"], again["title"], again["wish"]) == (
        200,
        made["id"],
        "single",
        "lain",
        {},
    )
    assert page("POST", "/api/talks", {"client_id": "a", "mode": "x"})[0] == 400
    path = f"/api/talks/{made['id']}"
    page("POST", f"{path}/messages", {"client_id": "b", "text": "halo", "parent": None})
    page("POST", "/api/talks", {"client_id": "a", "mode": "compare"})
    assert (page("GET", path)[1]["mode"], Talk.objects.count()) == ("single", 1)


def test_the_site_says_the_system_prompt_of_a_new_talk(page: Any, site_with: Any) -> None:
    site_with(system_prompt="Jawab dalam bahasa Indonesia.")
    assert page("POST", "/api/talks", {})[1]["system_prompt"] == "Jawab dalam bahasa Indonesia."
    assert page("POST", "/api/talks", {"system_prompt": ""})[1]["system_prompt"] == ""


def test_the_list_is_paged_and_searched(page: Any, asked: Any) -> None:
    for n in range(5):
        page("POST", "/api/talks", {"title": f"talk {n}"})
    asked("mencari Kucing hitam")
    first = page("GET", "/api/talks", {"limit": 4})[1]
    rest = page("GET", "/api/talks", {"limit": 4, "before": first["next"]})[1]
    titles = [t["title"] for t in first["talks"] + rest["talks"]]
    assert titles == ["mencari Kucing hitam", *(f"talk {n}" for n in (4, 3, 2, 1, 0))] and rest["next"] is None
    found = page("GET", "/api/talks", {"q": "hitam kucing"})[1]["talks"]
    assert [t["title"] for t in found] == ["mencari Kucing hitam"]
    assert page("GET", "/api/talks", {"q": "kuda"})[1]["talks"] == []


def test_of_a_long_talk_only_what_came_later_is_told(page: Any) -> None:
    path = f"/api/talks/{page('POST', '/api/talks', {})[1]['id']}"
    first = page("POST", f"{path}/messages", {"client_id": "a", "text": "satu", "parent": None})[1]
    second = page("POST", f"{path}/messages", {"client_id": "b", "text": "dua", "parent": None})[1]
    whole = page("GET", path)[1]
    assert len(whole["messages"]) == 4
    later = page("GET", f"{path}?{urlencode({'since': second['message']['created']})}")[1]
    assert later == {**whole, "messages": whole["messages"][2:]}
    assert page("GET", f"{path}?{urlencode({'since': first['message']['created']})}")[1] == whole
    assert page("GET", f"{path}?since=soon")[0] == 400


@pytest.mark.parametrize("query", ["before=yesterday", "before=2026-01-01", "before=2026-99-99T00:00:00Z"])
def test_a_place_in_the_list_that_is_none(page: Any, query: str) -> None:
    status, told = page("GET", f"/api/talks?{query}")
    assert status == 400 and told["error"]["code"] == "bad_request"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"mode": "duel"}, "bad_request"),
        ({"mode": ["single"]}, "bad_request"),
        ({"colour": 1}, "bad_request"),
        ({"wish": {"temperatur": 1}}, "bad_wish"),
        ({"wish": 3}, "bad_wish"),
        ({"model": "gpt"}, "no_model"),
        ({"model": 3}, "bad_request"),
        ({"title": 3}, "bad_text"),
        ({"title": "\ud800"}, "bad_text"),
        ({"system_prompt": "a\x00"}, "bad_text"),
        ({"system_prompt": "a" * 16_001}, "too_long"),
    ],
)
def test_what_a_talk_cannot_be(page: Any, body: Any, code: str) -> None:
    status, told = page("POST", "/api/talks", body)
    assert (told["error"]["code"], Talk.objects.count()) == (code, 0) and status in (400, 413)


def test_two_models_are_needed_to_compare(page: Any, site_with: Any) -> None:
    site_with(models=(Served("demo", "Demo", "adapted"),))
    for mode in ("compare", "blind"):
        status, told = page("POST", "/api/talks", {"mode": mode})
        assert (status, told["error"]["code"]) == (409, "no_pair")


def test_what_is_written_in_a_deleted_talk_is_stopped(page: Any, talk: str, asked: Any, queue: Any) -> None:
    (answer,) = asked()["answers"]
    page("DELETE", f"/api/talks/{talk}")
    assert queue.hget(f"{{rantau}}:gen:{answer['generation']}", "state") == "stopped"


@pytest.fixture
def left(page: Any, site_with: Any) -> str:
    """Address of a talk whose model is gone since."""
    made = page("POST", "/api/talks", {"model": "demo", "title": "Lama"})[1]
    site_with(models=(Served("baru", "Baru", "adapted", context=64), Served("dasar", "Dasar", "base")))
    return f"/api/talks/{made['id']}"


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("title", "Baru", "Baru"),
        ("system_prompt", "Singkat.", "Singkat."),
        ("wish", {"max_tokens": 90}, {"max_tokens": 64}),
    ],
)
def test_a_talk_whose_model_is_gone_can_be_changed(
    page: Any, left: str, field: str, value: Any, kept: Any
) -> None:
    status, told = page("PATCH", left, {field: value})
    assert (status, told.get(field), told.get("model")) == (200, kept, "demo"), told


def test_a_model_that_is_served_is_chosen_for_it(page: Any, left: str) -> None:
    ask = {"client_id": "a", "text": "halo", "parent": None}
    status, told = page("POST", f"{left}/messages", ask)
    assert (status, told["error"]["code"]) == (409, "model_gone")
    assert "demo is not served" in told["error"]["message"] and "baru, dasar" in told["error"]["message"]
    assert page("GET", left)[1]["messages"] == []  # nothing was kept: it can be sent again
    assert page("PATCH", left, {"model": "demo"})[1]["error"]["code"] == "no_model"
    assert page("PATCH", left, {"model": "dasar"})[1]["model"] == "dasar"
    status, made = page("POST", f"{left}/messages", ask)
    assert (status, made["answers"][0]["model"]) == (202, "dasar")


def test_an_answer_of_a_model_that_is_gone_is_told_anew_by_another(
    page: Any, talk: str, asked: Any, site_with: Any
) -> None:
    (answer,) = asked()["answers"]
    site_with(models=(Served("baru", "Baru", "adapted"),))
    path = f"/api/messages/{answer['id']}/regenerate"
    status, told = page("POST", path, {"client_id": "a"})
    assert (status, told["error"]["code"]) == (409, "model_gone")
    status, made = page("POST", path, {"client_id": "b", "model": "baru"})
    assert (status, made["answers"][0]["model"]) == (202, "baru")
