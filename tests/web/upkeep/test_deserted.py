"""Prompts without a worker, and talks that were deleted."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from rantau.serving.protocol import End
from rantau.serving.queue import Claims, Finals, Presence, read_log
from rantau.web.records.models import Message, Talk
from rantau.web.upkeep.deserted import Deserted
from rantau.web.upkeep.finalizer import keep
from rantau.web.upkeep.retention import forget


def test_what_nobody_takes_ends_after_a_while(asked: Any, queue: Any) -> None:
    answer, now = asked(), [0.0]
    name = str(answer.generations.get().id)
    deserted = Deserted(Claims(queue, "nobody"), clock=lambda: now[0])
    assert deserted.clear() == 0
    now[0] += 119
    assert deserted.clear() == 0
    now[0] += 1
    assert deserted.clear() == 1
    assert read_log(queue, name)[-1][1] == End("error", "failed", None, "no_worker")
    finals = Finals(queue, "f")
    finals.prepare()
    keep(finals, queue)
    answer.refresh_from_db()
    assert (answer.state, answer.code) == ("failed", "no_worker")


def test_a_worker_that_loads_is_waited_for(asked: Any, queue: Any) -> None:
    asked()
    now = [0.0]
    deserted = Deserted(Claims(queue, "nobody"), clock=lambda: now[0])
    deserted.clear()
    now[0] += 100
    Presence(queue).say("w1", {"pool": "main", "state": "loading"})
    deserted.clear()
    Presence(queue).leave("w1")
    now[0] += 100
    assert deserted.clear() == 0  # it counts anew from when the worker left


def test_deleted_talks_go_for_good_after_thirty_days(owner: Any) -> None:
    now = timezone.now()
    for days in (None, 29, 31):
        talk = Talk.objects.create(owner=owner, deleted=now - timedelta(days=days) if days else None)
        Message.objects.create(talk=talk, role="user", author=owner, text="x")
    assert forget() == 1 and Talk.objects.count() == 2 == Message.objects.count()
