"""The administration: for staff only, without what people write, with a second try for what failed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver

from rantau.web.records.models import ApiKey, Generation, Message, Talk
from rantau.web.records.revisions import revisions
from rantau.web.talks.submit import go_on, submit
from rantau.web.upkeep.revival import revive

WORDS = "kata-kata-rahasia"


@pytest.fixture
def staff(site: Any) -> Client:
    from django.contrib.auth import get_user_model

    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin", password="kata-sandi-9"))
    return client


@pytest.fixture
def dead(owner: Any, finished: Callable[..., Any]) -> Generation:
    """A generation that failed halfway."""
    talk = Talk.objects.create(owner=owner, title=WORDS, system_prompt=WORDS)
    answer = submit(owner, talk, text=WORDS, client_id="d", parent=None).answers[0]
    finished(answer, WORDS, reason="error")
    found: Generation = Generation.objects.get()
    assert (found.state, found.message.text) == ("failed", WORDS)
    return found


def pages(urls: Any = None, before: str = "/admin/") -> list[str]:
    """All addresses of the administration, with 1 in the places of ids."""
    found: list[str] = []
    for each in admin.site.get_urls() if urls is None else urls:
        path = before + str(each.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
        if isinstance(each, URLResolver):
            found += pages(each.url_patterns, path)
        elif isinstance(each, URLPattern):
            found.append(
                path.replace("<path:object_id>", "1").replace("<id>", "1").replace("<int:content_type_id>", "1")
            )
    return [path for path in found if "(?P" not in path and "<" not in path]


def test_nobody_else_gets_in(http: Client, http_anonymous: Client, dead: Generation) -> None:
    assert len(pages()) > 20
    for path in pages():
        for method in ("get", "post"):
            said = getattr(http, method)(path, follow=True)
            assert said.status_code in (404, 405) or said.redirect_chain[-1][0].startswith("/login"), path
            http.force_login(dead.owner)  # one of them signs out
            said = getattr(http_anonymous, method)(path, follow=True)
            assert said.status_code == 405 or said.redirect_chain[-1][0].startswith("/login"), path


def test_there_is_one_door_with_one_patience(http_anonymous: Client, staff: Client) -> None:
    """Django's own form of the administration counts no tries, so it is not there."""
    said = http_anonymous.post("/admin/login/", {"username": "admin", "password": "x"})
    assert said.status_code == 302 and said["Location"].startswith("/login")
    assert staff.get("/admin/login/")["Location"] == "/admin/"


def test_what_people_write_is_not_shown(staff: Client, dead: Generation) -> None:
    key = ApiKey.objects.create(owner=dead.owner, name="skrip", prefix="sk-abc", digest="d" * 64)
    shown = [
        "/admin/", "/admin/records/talk/", f"/admin/records/talk/{dead.message.talk_id}/change/",
        "/admin/records/generation/", f"/admin/records/generation/{dead.id}/change/", "/admin/records/revision/",
        "/admin/records/apikey/", f"/admin/records/apikey/{key.id}/change/", "/admin/auth/user/",
        f"/admin/auth/user/{dead.owner_id}/change/",
    ]  # fmt: skip
    for path in shown:
        said = staff.get(path)
        text = said.content.decode()
        assert said.status_code == 200 and WORDS not in text and "dddd" not in text, path
        assert "<script>" not in text and " onclick=" not in text, path  # nothing that the policy would stop
    assert "Rahasia" not in staff.get("/admin/records/talk/?q=kata").content.decode()


def test_rows_are_neither_made_nor_changed_by_hand(staff: Client, dead: Generation) -> None:
    for name in ("talk", "generation", "apikey", "revision"):
        assert staff.get(f"/admin/records/{name}/add/").status_code == 403
    assert staff.post(f"/admin/records/generation/{dead.id}/change/", {"state": "done"}).status_code == 403
    assert staff.post(f"/admin/records/generation/{dead.id}/delete/", {"post": "yes"}).status_code == 403
    assert Generation.objects.get().state == "failed"


def queue_again(staff: Client, *dead: Generation) -> str:
    body = {"action": "queue_again", "_selected_action": [str(each.id) for each in dead]}
    return str(staff.post("/admin/records/generation/", body, follow=True).content.decode())


def test_a_dead_letter_is_queued_again(
    staff: Client, dead: Generation, player: Any, finished: Callable[..., Any]
) -> None:
    assert "1 queued again." in queue_again(staff, dead)
    message = Message.objects.get(id=dead.message_id)
    assert (message.state, message.text, message.tokens, message.code) == ("queued", "", [], "")
    (job,) = player.take()
    assert job.generation != str(dead.id) and job.messages[-1]["content"] == WORDS
    assert "0 queued again." in queue_again(staff, dead)  # it waits already
    again = message.generations.get(id=job.generation)
    player.say(str(again.id), "Baik")
    player.end(str(again.id))
    from rantau.serving.queue import Finals
    from rantau.web.upkeep.finalizer import keep

    finals = Finals(player.client, "admin")
    finals.prepare()
    keep(finals, player.client)
    message.refresh_from_db()
    assert (message.state, message.text) == ("done", "Baik")
    assert Generation.objects.get(id=dead.id).state == "failed"


def test_a_revived_answer_is_read_under_its_new_name(owner: Any, dead: Generation, player: Any) -> None:
    from rantau.web import broker
    from rantau.web.delivery.rows import final
    from rantau.web.http.shapes import message_json

    Generation.objects.filter(id=dead.id).update(requeues=2)
    assert revive(dead, broker.admission())
    again = Message.objects.get(id=dead.message_id).generations.get(state="queued")
    assert message_json(again.message, owner)["generation"] == str(again.id)
    assert final(owner, str(again.id)) is None and final(owner, str(dead.id))["generation"] == str(again.id)


def test_a_continuation_begins_where_it_began(owner: Any, finished: Callable[..., Any], player: Any) -> None:
    from rantau.web import broker

    talk = Talk.objects.create(owner=owner)
    first = finished(
        submit(owner, talk, text="halo", client_id="a", parent=None).answers[0], "Se", "la", reason="length"
    )
    second = finished(go_on(owner, first, client_id="b").answers[0], "m", reason="error")
    assert (second.text, second.tokens) == ("Selam", [1, 2, 1])
    assert revive(second.generations.get(), broker.admission())
    (job,) = player.take()
    assert (job.begun, job.begun_text) == ((1, 2), "Sela")


def test_what_cannot_be_queued_again(staff: Client, dead: Generation, site_with: Any, site: Any) -> None:
    from django.utils import timezone

    Talk.objects.update(deleted=timezone.now())
    assert "0 queued again." in queue_again(staff, dead)
    Talk.objects.update(deleted=None)
    site_with(models=site.models[1:])
    assert "0 queued again." in queue_again(staff, dead)
    assert Message.objects.get(id=dead.message_id).state == "failed" and Generation.objects.count() == 1


def test_keys_are_revoked(staff: Client, owner: Any) -> None:
    key = ApiKey.objects.create(owner=owner, name="skrip", prefix="sk-abc", digest="d" * 64)
    body = {"action": "revoke", "_selected_action": [str(key.id)]}
    assert "1 revoked." in staff.post("/admin/records/apikey/", body, follow=True).content.decode()
    assert ApiKey.objects.get().revoked


def test_revisions_that_answer_and_that_answered(dead: Generation, staff: Client) -> None:
    Message.objects.filter(id=dead.message_id).update(digest="sha256:old")
    told = [(row.name, row.digest, row.served, row.n_answers, row.n_failed) for row in revisions()]
    assert told == [
        ("demo", "sha256:aa", True, 0, 0), ("demo-base", "sha256:bb", True, 0, 0), ("demo", "sha256:old", False,
        0, 1),
    ]  # fmt: skip
    assert "sha256:old" in staff.get("/admin/records/revision/").content.decode()
