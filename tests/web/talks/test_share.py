"""Links to a talk: read-only, frozen, revocable, expiring, kept as digests."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from rantau.web.arena import votes
from rantau.web.records.models import Battle, Message, Share, Talk
from tests.web.http.conftest import Page


@pytest.fixture
def talk(owner: Any, exchange: Callable[..., list[Message]]) -> Talk:
    talk = Talk.objects.create(owner=owner, title="Judul <b>", system_prompt="rahasia-sistem")
    exchange(talk, "salah-ketik", "lama")
    exchange(talk, "satu", "A")
    return talk


@pytest.fixture
def visitor(http_anonymous: Any) -> Page:
    return Page(http_anonymous)


def share(page: Any, talk: Talk, **body: Any) -> dict[str, Any]:
    status, made = page("POST", f"/api/talks/{talk.id}/share", body)
    assert status == 201, made
    return dict(made)


def test_a_link_shows_the_talk_to_anybody(page: Any, visitor: Any, talk: Talk) -> None:
    made = share(page, talk)
    status, shown = visitor("GET", f"{made['path']}?format=json")
    assert status == 200 and made["path"] == f"/share/{made['token']}"
    assert (shown["title"], shown["mode"], shown["language"]) == ("Judul <b>", "single", "ind")
    assert [(m["id"], m["parent"], m["role"], m["text"], m["model"]) for m in shown["messages"]] == [
        ("00001", None, "user", "satu", ""), ("00002", "00001", "assistant", "A", "demo"),
    ]  # fmt: skip
    assert shown["models"] == [{"name": "demo", "title": "Demo", "kind": "adapted"}]
    assert 29 < (Share.objects.get().expires - timezone.now()).total_seconds() / 86_400 <= 30


def test_what_a_link_does_not_show(page: Any, visitor: Any, talk: Talk, owner: Any) -> None:
    """Neither the other branches, nor the system prompt, nor the owner, nor ids of rows."""
    path = share(page, talk)["path"]
    said = visitor.client.get(f"{path}?format=json").content.decode() + visitor.client.get(path).content.decode()
    ids = [str(talk.id), *(str(m.id) for m in talk.messages.all())]
    for secret in ("salah-ketik", "lama", "rahasia-sistem", owner.username, *ids):
        assert secret not in said


def test_the_page(page: Any, visitor: Any, talk: Talk) -> None:
    path = share(page, talk)["path"]
    for address in (path, f"{path}?format=json"):
        said = visitor.client.get(address)
        assert said.status_code == 200
        assert said["X-Robots-Tag"].startswith("noindex") and said["Cache-Control"] == "no-store"
        assert (
            said["Referrer-Policy"] == "no-referrer"
            and "frame-ancestors 'none'" in said["Content-Security-Policy"]
        )
    html = visitor.client.get(path).content.decode()
    assert "Judul &lt;b&gt;" in html and "Judul <b>" not in html and 'content="noindex' in html
    assert visitor.client.post(path).status_code == 405


def test_the_token_is_kept_as_a_digest_only(page: Any, talk: Talk) -> None:
    made = share(page, talk)
    row = Share.objects.get()
    assert row.digest == hashlib.sha256(made["token"].encode()).hexdigest()
    assert made["token"] not in str({**row.__dict__})
    assert re.fullmatch(r"[\w-]{22}", made["token"])  # 128 bits
    assert share(page, talk)["token"] != made["token"]


def test_the_snapshot_is_frozen(page: Any, visitor: Any, talk: Talk, exchange: Callable[..., Any]) -> None:
    path = share(page, talk)["path"]
    before = visitor("GET", f"{path}?format=json")
    exchange(talk, "dua", "B", parent=talk.messages.get(text="A"))
    page("PATCH", f"/api/talks/{talk.id}", {"title": "lain"})
    assert visitor("GET", f"{path}?format=json") == before


def test_a_link_ends(page: Any, visitor: Any, talk: Talk, owner: Any) -> None:
    def works(path: str) -> bool:
        status, html = visitor.client.get(f"{path}?format=json").status_code, visitor.client.get(path).status_code
        assert status == html and status in (200, 404)
        return bool(status == 200)

    first, second = share(page, talk)["path"], share(page, talk)["path"]
    assert works(first) and works(second)
    assert page("DELETE", f"/api/talks/{talk.id}/share")[1] == {"revoked": 2}
    assert not works(first) and not works(second) and {s.snapshot == {} for s in Share.objects.all()} == {True}
    third = share(page, talk, days=1)["path"]
    Share.objects.filter(revoked=None).update(expires=timezone.now() - timedelta(seconds=1))
    assert not works(third)
    fourth = share(page, talk)["path"]
    page("DELETE", f"/api/talks/{talk.id}")
    assert not works(fourth)
    page("POST", f"/api/talks/{talk.id}/restore", {})
    assert works(fourth)
    type(owner).objects.update(is_active=False)
    assert not works(fourth)


@pytest.mark.parametrize("token", ["x", "a" * 22, "..%2f", "%00", "a" * 3000])
def test_a_token_that_is_none(visitor: Any, site: Any, token: str) -> None:
    said = visitor.client.get(f"/share/{token}?format=json")
    assert said.status_code == 404


def test_sides_stay_secret_in_a_link(page: Any, visitor: Any, blind: Talk, owner: Any) -> None:
    early = share(page, blind)["path"]
    votes.cast(owner, Battle.objects.get(), choice="a")
    late = share(page, blind)["path"]
    told = visitor.client.get(f"{early}?format=json").content.decode()
    assert "kiri" in told and "demo" not in told and '"models": []' in told
    assert {m["model"] for m in visitor("GET", f"{late}?format=json")[1]["messages"]} >= {"demo-base"}


@pytest.mark.parametrize(
    "body", [{"days": 0}, {"days": 366}, {"days": "x"}, {"days": True}, {"days": None}, {"x": 1}]
)
def test_a_link_that_cannot_be(page: Any, talk: Talk, body: Any) -> None:
    assert page("POST", f"/api/talks/{talk.id}/share", body)[0] == 400


def test_only_the_owner_makes_and_ends_links(page: Any, stranger_page: Any, visitor: Any, talk: Talk) -> None:
    path = share(page, talk)["path"]
    address = f"/api/talks/{talk.id}/share"
    assert stranger_page("POST", address, {})[0] == 404 and stranger_page("DELETE", address)[0] == 404
    assert visitor("POST", address, {})[0] == 401
    assert visitor("GET", f"{path}?format=json")[0] == 200


def test_links_are_not_without_end(page: Any, owner: Any, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rantau.web.talks.share.MOST_EACH", 1)
    share(page, talk)
    assert page("POST", f"/api/talks/{talk.id}/share", {})[0] == 409
    assert page("POST", f"/api/talks/{Talk.objects.create(owner=owner).id}/share", {})[0] == 409  # empty
