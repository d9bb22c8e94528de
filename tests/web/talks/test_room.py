"""Room: what is kept of a person is measured, has a limit, and is measured quickly."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rantau.web.records.models import Feedback, Message, Talk
from rantau.web.records.sizes import ROW_BYTES, kept_bytes, measure
from rantau.web.talks import room
from rantau.web.talks.rejected import Rejected


@pytest.fixture
def mib(monkeypatch: pytest.MonkeyPatch, site_with: Callable[..., Any], site: Any) -> Callable[[float], None]:
    """Sets the limit: mib(0.01)."""
    return lambda n: site_with(limits=replace(site.limits, each_mib=n)) and None


def counted(owner: Any) -> int:
    """The same without the database."""
    total = 0
    for talk in Talk.objects.filter(owner=owner):
        texts = [talk.system_prompt]
        for message in talk.messages.all():
            texts += [message.text, message.beginning, json.dumps(message.tokens)]
        opinions = Feedback.objects.filter(message__talk=talk)
        texts += [f.comment for f in opinions]
        texts += [json.dumps(share.snapshot) for share in talk.shares.all()]
        rows = 1 + talk.messages.count() + opinions.count() + talk.shares.count()
        total += rows * ROW_BYTES + sum(len(text.encode()) for text in texts)
    return total


def test_every_way_of_keeping_something_is_measured(
    page: Any, owner: Any, stranger: Any, exchange: Callable[..., list[Message]]
) -> None:
    assert kept_bytes(owner) == 0
    path = f"/api/talks/{page('POST', '/api/talks', {'system_prompt': 'Singkat, ya: ยาว'})[1]['id']}"
    assert kept_bytes(owner) == counted(owner) > ROW_BYTES
    talk = Talk.objects.get()
    page("POST", f"{path}/messages", {"client_id": "a", "text": "สวัสดี", "parent": None})
    assert kept_bytes(owner) == counted(owner)
    _, answer = exchange(talk, "halo", "Baik 👩‍👩‍👧, terima kasih.")
    assert kept_bytes(owner) == counted(owner)
    for method, to, body in (
        ("PATCH", path, {"system_prompt": "a" * 999}),
        ("PUT", f"/api/messages/{answer.id}/feedback", {"value": 1, "comment": "bagus sekali"}),
        ("POST", f"{path}/share", {}),
        ("POST", "/api/talks/import", json.loads(page.client.get(f"{path}/export?format=json").content)),
        ("DELETE", f"{path}/share", None),
        ("DELETE", f"/api/messages/{answer.id}/feedback", None),
    ):
        before = kept_bytes(owner)
        assert page(method, to, body)[0] < 300, to
        assert kept_bytes(owner) == counted(owner) != before, to
    assert kept_bytes(stranger) == 0 and page("DELETE", "/api/me/data", {})[0] == 200 and kept_bytes(owner) == 0


def test_who_is_full_keeps_nothing_more_and_is_told(
    page: Any, owner: Any, mib: Callable[[float], None], exchange: Callable[..., list[Message]]
) -> None:
    talk = Talk.objects.create(owner=owner)
    _, answer = exchange(talk, "halo " * 100, "Baik.")
    page("PUT", f"/api/messages/{answer.id}/feedback", {"value": 1})
    file = json.loads(page.client.get(f"/api/talks/{talk.id}/export?format=json").content)
    mib((kept_bytes(owner) + 2 * ROW_BYTES - 40) / room.MIB)
    kept = counted(owner)
    for method, path, body in (
        ("POST", f"/api/talks/{talk.id}/messages", {"client_id": "n", "text": "a" * 600, "parent": None}),
        ("POST", f"/api/talks/{talk.id}/messages", {"client_id": "n", "text": "ก" * 200, "parent": None}),
        ("POST", "/api/talks/import", file),
        ("POST", "/api/talks", {"system_prompt": "a" * 600}),
        ("PATCH", f"/api/talks/{talk.id}", {"system_prompt": "a" * 600}),
        ("POST", f"/api/talks/{talk.id}/share", {}),
        ("PUT", f"/api/messages/{answer.id}/feedback", {"value": 1, "comment": "a" * 600}),
    ):
        page_status, told = page(method, path, body)
        assert (page_status, told.get("error", {}).get("code")) == (413, "full"), (method, path)
        assert "Delete some" in told["error"]["message"] and counted(owner) == kept, path
    assert page("PATCH", f"/api/talks/{talk.id}", {"title": "Baru"})[0] == 200
    assert page("PUT", f"/api/messages/{answer.id}/feedback", {"value": -1})[0] == 200
    assert (
        page("POST", f"/api/talks/{talk.id}/messages", {"client_id": "s", "text": "a", "parent": None})[0] == 202
    )


def test_what_was_accepted_is_kept_whatever_its_length(
    page: Any, owner: Any, mib: Callable[[float], None], exchange: Callable[..., list[Message]]
) -> None:
    mib(0.01)
    _, answer = exchange(Talk.objects.create(owner=owner), "halo", "a" * 20_000)
    assert (answer.state, len(answer.text)) == ("done", 20_000) and kept_bytes(owner) > 0.01 * room.MIB


def test_another_person_has_room_of_his_own(
    page: Any, stranger: Any, mib: Callable[[float], None], owner: Any
) -> None:
    Talk.objects.create(owner=stranger, bytes=2 * room.MIB)
    mib(1)
    assert page("POST", "/api/talks", {})[0] == 201
    with pytest.raises(Rejected, match="1 MiB that are kept of one person"):
        room.refuse_if_full(stranger, "")


def test_without_a_limit_nobody_is_full(owner: Any, mib: Callable[[float], None]) -> None:
    Talk.objects.create(owner=owner, bytes=2**40)
    mib(0)
    with CaptureQueriesContext(connection) as asked:
        room.refuse_if_full(owner, "a")
    assert not asked.captured_queries


def test_what_was_deleted_makes_room_the_oldest_first(owner: Any, mib: Callable[[float], None]) -> None:
    mib(1)
    now, third = timezone.now(), room.MIB // 3
    Talk.objects.create(owner=owner, title="here", bytes=third)
    for age in (2, 1, 3):
        Talk.objects.create(owner=owner, title=str(age), bytes=third, deleted=now - timedelta(days=age))
    room.refuse_if_full(owner, "a" * (third // 2))
    assert {t.title for t in Talk.objects.all()} == {"here", "1"}
    with pytest.raises(Rejected):
        room.refuse_if_full(owner, "a" * (3 * third))
    assert Talk.objects.count() == 2  # nothing is forgotten where it would not be enough


def many(owner: Any, n_talks: int, n_messages: int) -> Talk:
    """So many messages, for the one who asks whether they make it slow."""
    talks = Talk.objects.bulk_create([Talk(owner=owner, bytes=2000) for _ in range(n_talks)])
    each = n_messages // n_talks
    rows = [Message(talk=t, author=owner, role="user", text="kata " * 20) for t in talks for _ in range(each)]
    Message.objects.bulk_create(rows, batch_size=500)
    return talks[0]


def test_asking_reads_an_index_of_talks_and_no_message(owner: Any) -> None:
    talk = many(owner, 50, 1000)
    with CaptureQueriesContext(connection) as asked:
        room.refuse_if_full(owner, "halo")
    assert len(asked.captured_queries) == 1
    (plan,) = Talk.objects.filter(owner=owner).order_by().values("bytes").explain().splitlines()
    assert "COVERING INDEX talk_size" in plan
    with CaptureQueriesContext(connection) as asked:
        measure(talk.id)
    (query,) = asked.captured_queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
        steps = [row[3] for row in cursor.fetchall()]
    assert not [step for step in steps if step.startswith("SCAN")], steps
