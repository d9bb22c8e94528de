"""Probes and figures."""

import re
from collections.abc import Callable
from typing import Any

from rantau.serving.queue import Presence
from rantau.web.compatible.keys import make
from rantau.web.health.counts import count, counted
from rantau.web.health.text import Family, written
from tests.web.running import asked

ROW = re.compile(r'rantau_[a-z0-9_]+(\{[a-z]+="[^"\n]*"\})? -?[0-9.e+-]+')


def ready_worker(queue: Any, **facts: Any) -> None:
    Presence(queue).say("w1", {"pool": "main", "state": "ready", "slots": 4, "running": 0, **facts})


def test_a_process_that_lives(http_anonymous: Any, site_with: Any) -> None:
    site_with(broker="unix:///nowhere/broker.sock")
    assert http_anonymous.get("/healthz").content == b"ok\n"


def test_ready_once_a_worker_is(http_anonymous: Any, queue: Any) -> None:
    said = http_anonymous.get("/readyz")
    assert (said.status_code, said.json()) == (503, {"ready": False, "reasons": ["no_worker"]})
    ready_worker(queue, state="loading")
    assert http_anonymous.get("/readyz").json()["reasons"] == ["workers_loading"]
    ready_worker(queue, pool="another")
    assert http_anonymous.get("/readyz").json()["reasons"] == ["no_worker"]
    ready_worker(queue)
    said = http_anonymous.get("/readyz")
    assert (said.status_code, said.json()) == (200, {"ready": True, "reasons": []})


def test_not_ready_without_broker_or_database(http_anonymous: Any, site_with: Any, queue: Any) -> None:
    from django.db import connection

    ready_worker(queue)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE records_talk RENAME TO elsewhere")
    assert http_anonymous.get("/readyz").json()["reasons"] == ["database"]
    site_with(broker="unix:///nowhere/broker.sock")
    said = http_anonymous.get("/readyz")
    assert (said.status_code, said.json()["reasons"]) == (503, ["database", "broker"])


def figures(client: Any, **headers: Any) -> dict[str, float]:
    said = client.get("/metrics", **headers)
    assert said.status_code == 200 and said.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    rows = [line for line in said.content.decode().splitlines() if not line.startswith("#")]
    assert all(ROW.fullmatch(row) for row in rows), rows
    return {name: float(value) for name, _, value in (row.rpartition(" ") for row in rows)}


def test_figures(http_anonymous: Any, queue: Any, owner: Any, finished: Callable[..., Any]) -> None:
    counted.clear()
    finished(asked(owner).message, "a", "b", "c")
    for _ in range(2):
        asked(owner)
    ready_worker(queue)
    count("holes")
    http_anonymous.get("/api/talks")
    said = figures(http_anonymous)
    assert said['rantau_queue_waiting{pool="main"}'] == 2 and said['rantau_queue_running{pool="main"}'] == 0
    assert said['rantau_queue_oldest_seconds{pool="main"}'] >= 0 and said['rantau_workers{state="ready"}'] == 1
    assert said["rantau_slots"] == 4 and said["rantau_broker_up"] == 1 and said["rantau_holes_total"] == 1
    assert said['rantau_answers{state="done"}'] == 1 and said['rantau_answers{state="queued"}'] == 2
    assert said['rantau_tokens{kind="completion"}'] == 3 and said['rantau_tokens{kind="prompt"}'] == 7
    assert said['rantau_rejected_total{cause="signed_out"}'] == 1
    assert said["rantau_process_resident_bytes"] > 1e6


def test_figures_without_a_broker(http_anonymous: Any, site_with: Any) -> None:
    site_with(broker="unix:///nowhere/broker.sock")
    assert figures(http_anonymous)["rantau_broker_up"] == 0


def test_figures_are_for_this_machine_and_for_administrators(
    http: Any, http_anonymous: Any, owner: Any, queue: Any
) -> None:
    away: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.9"}
    proxied: dict[str, Any] = {"headers": {"X-Forwarded-For": "127.0.0.1"}}
    _, secret = make(owner, "watch", ("metrics",), 60)
    bearer: dict[str, Any] = {"headers": {"Authorization": f"Bearer {secret}"}, **away}
    for client, how in ((http_anonymous, away), (http_anonymous, proxied), (http, away), (http_anonymous, bearer)):
        assert client.get("/metrics", **how).status_code == 403
    owner.is_staff = True
    owner.save()
    assert http.get("/metrics", **away).status_code == http_anonymous.get("/metrics", **bearer).status_code == 200


def test_labels_are_escaped() -> None:
    said = written([Family("x", "gauge", "About.", [({"cause": 'a"b\\\n'}, 1)])])
    assert said.splitlines()[2] == 'rantau_x{cause="a\\"b\\\\\\n"} 1'


def test_no_figure_holds_what_people_wrote(http_anonymous: Any, queue: Any, owner: Any) -> None:
    asked(owner, "rahasia sekali")
    assert b"rahasia" not in http_anonymous.get("/metrics").content
