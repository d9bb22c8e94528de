"""Prompts without a worker."""

from typing import Any

from rantau.serving.protocol import End
from rantau.serving.queue import Claims, Finals, Presence, read_log
from rantau.web.upkeep.deserted import Deserted
from rantau.web.upkeep.finalizer import keep


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
