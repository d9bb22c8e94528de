"""What a person has here: as one file, and gone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rantau.web.arena import votes
from rantau.web.records.models import ApiKey, Battle, Feedback, Generation, Message, Preference, Share, Talk, Vote
from rantau.web.talks.share import make_share
from rantau.web.talks.submit import submit
from tests.web.conftest import PASSWORD

CONTENT = (Battle, Feedback, Generation, Message, Share, Talk, Vote)


@pytest.fixture
def content(owner: Any, blind: Talk, exchange: Callable[..., list[Message]]) -> Talk:
    """A round with a vote, an opinion, a link, a key, a deleted talk, and an answer that is being written."""
    battle = Battle.objects.get()
    votes.cast(owner, battle, choice="b", reasons=["fluency"])
    Feedback.objects.create(message=battle.a, user=owner, value=-1, comment="kurang")
    ApiKey.objects.create(owner=owner, name="skrip", prefix="sk-abc", digest="d" * 64, scopes=["chat"])
    Preference.objects.create(user=owner, theme="dark")
    make_share(blind)
    from django.utils import timezone

    Talk.objects.create(owner=owner, title="dihapus", deleted=timezone.now())
    submit(owner, Talk.objects.create(owner=owner, title="berjalan"), text="halo", client_id="w", parent=None)
    return blind


def test_everything_is_in_the_file(page: Any, content: Talk, owner: Any, stranger: Any) -> None:
    Talk.objects.create(owner=stranger, title="orang lain")
    said = page.client.get("/api/me/export")
    assert said["Content-Disposition"] == 'attachment; filename="rantau-ana.json"'
    found = json.loads(said.content)
    assert found["account"]["name"] == "ana" and found["preference"] == {"interface": "", "theme": "dark"}
    assert {talk["talk"]["title"] for talk in found["talks"]} == {"Rahasia", "dihapus", "berjalan"}
    (vote,) = found["votes"]
    assert (vote["choice"], vote["reasons"]) == ("b", ["fluency"])
    said_of = [m["feedback"] for talk in found["talks"] for m in talk["messages"] if m["feedback"]]
    assert [(each["value"], each["comment"]) for each in said_of] == [(-1, "kurang")]
    assert found["keys"][0]["prefix"] == "sk-abc" and found["shares"][0]["snapshot"]["title"] == "Rahasia"


def test_the_file_opens_nothing(page: Any, content: Talk, owner: Any) -> None:
    text = page.client.get("/api/me/export").content.decode()
    assert owner.password not in text and 'digest": "dddd' not in text and Share.objects.get().digest not in text


def test_the_file_may_not_be_asked_for_all_the_time(page: Any) -> None:
    assert [page.client.get("/api/me/export").status_code for _ in range(7)] == [200] * 6 + [429]


def test_content_is_erased_and_the_account_stays(
    page: Any, content: Talk, owner: Any, stranger: Any, player: Any
) -> None:
    kept = Talk.objects.create(owner=stranger)
    assert page("DELETE", "/api/me/data", {}) == (200, {"talks": 3})
    assert [table.objects.exclude(pk=kept.pk).count() for table in CONTENT] == [0] * len(CONTENT)
    assert ApiKey.objects.count() == 1 and page("GET", "/api/me")[1]["theme"] == "dark"
    assert player.take() == []  # what was waiting was taken back


def test_an_account_is_erased_with_its_password(page: Any, content: Talk, owner: Any, stranger: Any) -> None:
    for body in ({}, {"password": "salah"}, {"password": None}, {"password": ["x"]}):
        status, told = page("DELETE", "/api/me", body)
        assert (status, told["error"]["code"]) == (403, "bad_login")
    assert Talk.objects.count() == 3
    assert page("DELETE", "/api/me", {"password": PASSWORD})[0] == 200
    assert [table.objects.count() for table in (*CONTENT, ApiKey, Preference)] == [0] * (len(CONTENT) + 2)
    assert list(type(owner).objects.values_list("username", flat=True)) == ["budi"]
    assert page("GET", "/api/me")[0] == 401


def test_the_last_administrator_stays(page: Any, owner: Any, stranger: Any) -> None:
    owner.is_superuser = True
    owner.save()
    status, told = page("DELETE", "/api/me", {"password": PASSWORD})
    assert (status, told["error"]["code"]) == (409, "last_admin")
    stranger.is_superuser = True
    stranger.save()
    assert page("DELETE", "/api/me", {"password": PASSWORD})[0] == 200


def test_without_accounts_only_the_content_goes(page: Any, http_anonymous: Any, site_with: Any) -> None:
    site_with(single_user=True)
    talk = http_anonymous.post("/api/talks", {}, content_type="application/json").json()
    assert http_anonymous.delete("/api/me").status_code == 200
    assert http_anonymous.get(f"/api/talks/{talk['id']}").status_code == 404
    assert http_anonymous.get("/api/me").json()["user"] == "local"
