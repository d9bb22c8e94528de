"""The outbox: what was committed reaches the broker, whoever dies; what the broker lost is asked anew, twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from rantau.serving.queue import Admission, BrokerLost, Limits
from rantau.web.records.models import Generation, Message
from rantau.web.site import SiteLimits
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.stopping import stop
from rantau.web.upkeep.outbox import Outbox
from tests.waiting import until
from tests.web.playing import Player
from tests.web.upkeep.conftest import ROOT

SUBMIT_AND_DIE = """
import os, signal, django
django.setup()
from django.contrib.auth import get_user_model
from rantau.serving.queue import Admission
from rantau.web.records.models import Talk
from rantau.web.talks.submit import submit
Admission.admit = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
ana = get_user_model().objects.get(username="ana")
submit(ana, Talk.objects.create(owner=ana), text="halo", client_id="c", parent=None)
"""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(queue: Any, clock: Clock) -> Outbox:
    return Outbox(Admission(queue, limits=Limits(each_owner=9)), admit_after_s=0, clock=clock)


@pytest.fixture
def lost_broker(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The broker does not answer the web process; called, it does again."""

    def lost(*_: Any, **__: Any) -> Any:
        raise BrokerLost("the broker: gone")

    context = pytest.MonkeyPatch()
    context.setattr(Admission, "admit", lost)
    context.setattr(Admission, "cancel", lost)
    return context.undo


def test_a_process_killed_between_commit_and_admission(
    owner: Any, outbox: Outbox, player: Player, queue: Any
) -> None:
    connections.close_all()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    died = subprocess.run([sys.executable, "-c", SUBMIT_AND_DIE], cwd=ROOT, env=env, check=False)
    assert died.returncode == -signal.SIGKILL
    generation = Generation.objects.get()
    assert generation.state == "queued" and generation.admitted is None and player.take() == []
    assert outbox.sweep().admitted == 1
    assert [job.generation for job in player.take()] == [str(generation.id)]
    assert outbox.sweep().admitted == 0


def test_what_was_accepted_while_the_broker_was_away_is_admitted_later(
    asked: Any, outbox: Outbox, player: Player, lost_broker: Callable[[], None]
) -> None:
    answer = asked()
    lost_broker()
    assert answer.state == "queued" and player.take() == []
    assert outbox.sweep().admitted == 1 and len(player.take()) == 1


def test_limits_hold_while_the_broker_is_away(asked: Any, site_with: Any, lost_broker: Callable[[], None]) -> None:
    site_with(limits=SiteLimits(each_owner=2, per_minute=99))
    asked()
    asked()
    with pytest.raises(Rejected) as told:
        asked()
    assert told.value.code == "too_many"
    site_with(limits=SiteLimits(queue=1, per_minute=99))
    with pytest.raises(Rejected) as told:
        asked()
    lost_broker()
    assert told.value.code == "busy"
    assert sorted(Generation.objects.values_list("state", flat=True)) == ["failed", "failed", "queued", "queued"]


def test_what_is_admitted_twice_is_answered_once(asked: Any, outbox: Outbox, player: Player) -> None:
    answer = asked()
    Generation.objects.update(admitted=None)  # as if this process had died before it could note it
    assert outbox.sweep().admitted == 0 and Generation.objects.get().admitted
    assert len(player.take()) == 1 and answer.generations.count() == 1


def test_a_young_row_is_left_to_its_process(
    asked: Any, queue: Any, lost_broker: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked()
    lost_broker()
    queued = Generation.objects.get().queued
    monkeypatch.setattr(timezone, "now", lambda: queued)  # however long this process stands still
    assert Outbox(Admission(queue)).sweep().admitted == 0


def test_a_full_broker_takes_it_when_there_is_room(asked: Any, queue: Any, player: Player, outbox: Outbox) -> None:
    asked()
    other = asked()
    Generation.objects.filter(message=other).update(admitted=None)
    queue.flushall()
    player.take()
    small = Outbox(Admission(queue, limits=Limits(jobs=1)), admit_after_s=0, lost_after_s=0, clock=outbox.clock)
    small.sweep()  # the first one is lost and requeued, the second takes the only place
    assert small.sweep().admitted == 0
    other.refresh_from_db()
    assert other.state == "queued"
    (held,) = player.take()
    player.end(held.generation)
    assert small.sweep().admitted == 1


def test_running_is_written_down(asked: Any, outbox: Outbox, player: Player) -> None:
    answer = asked()
    player.take()
    outbox.sweep()
    answer.refresh_from_db()
    assert (answer.state, answer.generations.get().state) == ("running", "running")


def test_a_broker_without_its_data_is_asked_anew_twice(
    asked: Any, outbox: Outbox, player: Player, queue: Any, clock: Clock
) -> None:
    answer = asked()
    names = []
    for n in range(3):
        (job,) = player.take()
        names.append(job.generation)
        player.say(job.generation, f"usaha {n}")
        queue.flushall()
        assert outbox.sweep().requeued == 0  # not at once: a broker may be on its way to its copy
        clock.now += 15
        told = outbox.sweep()
        outbox.sweep()
        assert (told.requeued, told.failed) == ((1, 0) if n < 2 else (0, 1))
    assert len(set(names)) == 3  # a reader of the old log is never shown the new one as its rest
    answer.refresh_from_db()
    assert (answer.state, answer.reason, answer.code, answer.text) == ("failed", "error", "lost", "")
    assert {g.state for g in Generation.objects.all()} == {"failed"} and player.take() == []


def test_an_answer_that_was_asked_anew_ends_once(
    asked: Any, outbox: Outbox, queue: Any, clock: Clock, player: Player, finished: Callable[..., Any]
) -> None:
    answer = asked()
    player.take()
    queue.flushall()
    outbox.sweep()
    clock.now += 15
    outbox.sweep()
    outbox.sweep()
    whole = finished(answer, "dari ", "awal")
    assert (whole.text, whole.state) == ("dari awal", "done")
    assert [g.state for g in Generation.objects.order_by("requeues")] == ["failed", "done"]


def test_a_broker_that_comes_back_in_time_lost_nothing(
    asked: Any, outbox: Outbox, queue: Any, clock: Clock
) -> None:
    answer = asked()
    facts = f"{{rantau}}:gen:{answer.generations.get().id}"
    copy = queue.hgetall(facts)
    queue.delete(facts)
    outbox.sweep()
    queue.hset(facts, mapping=copy)
    clock.now += 15
    outbox.sweep()
    queue.delete(facts)
    clock.now += 14
    assert outbox.sweep().requeued == 0  # it counts from the second loss


def test_nothing_is_lost_while_the_broker_is_silent(asked: Any, outbox: Outbox, monkeypatch: Any) -> None:
    asked()

    def silent(*_: Any) -> None:
        raise BrokerLost("the broker: silent")

    monkeypatch.setattr(Admission, "state", silent)
    with pytest.raises(BrokerLost):
        outbox.sweep()
    assert Generation.objects.get().state == "queued"


def test_a_stop_that_the_broker_did_not_hear(
    asked: Any, owner: Any, outbox: Outbox, player: Player, lost_broker: Callable[[], None], finished: Any
) -> None:
    answer = asked()
    name = answer.generations.get().id
    assert stop(owner, name) == "stopping"
    lost_broker()
    outbox.sweep()
    assert player.take() == []
    from rantau.serving.queue import Finals
    from rantau.web.upkeep.finalizer import keep

    finals = Finals(player.client, "f")
    finals.prepare()
    keep(finals, player.client)
    answer.refresh_from_db()
    assert (answer.state, answer.reason, answer.text) == ("stopped", "stopped", "")


def test_a_stop_of_what_the_broker_lost(asked: Any, owner: Any, outbox: Outbox, queue: Any, clock: Clock) -> None:
    answer = asked()
    queue.flushall()
    assert stop(owner, answer.generations.get().id) == "stopping"
    outbox.sweep()
    clock.now += 15
    outbox.sweep()
    answer.refresh_from_db()
    assert answer.state == "stopped" and answer.generations.count() == 1


def test_a_model_that_is_no_longer_served(
    asked: Any, outbox: Outbox, site_with: Any, lost_broker: Callable[[], None]
) -> None:
    answer = asked()
    lost_broker()
    site_with(models=())
    assert outbox.sweep().failed == 1
    answer.refresh_from_db()
    assert (answer.state, answer.code) == ("failed", "model_gone")


def test_the_process_sweeps_after_the_broker_lost_its_data(
    asked: Any, player: Player, queue: Any, finalizer: Callable[[str], Any]
) -> None:
    finalizer("never")
    answer = asked()
    (first,) = player.take()
    queue.flushall()
    until(lambda: answer.generations.count() == 2, "a new generation")
    until(player.take, "the worker is asked anew")
    new = answer.generations.order_by("requeues").last()
    assert str(new.id) != first.generation
    player.say(str(new.id), "Baik")
    player.end(str(new.id))
    until(lambda: Message.objects.get(id=answer.id).state == "done", "the answer is kept")


def test_a_stop_that_comes_while_its_prompt_is_asked_anew(
    asked: Any, owner: Any, queue: Any, clock: Clock, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asked()
    queue.flushall()
    outbox.sweep()
    clock.now += 15
    state = Admission.state

    def pressed(self: Admission, generation: str) -> str | None:
        stop(owner, UUID(generation))  # the row was read before
        return state(self, generation)

    monkeypatch.setattr(Admission, "state", pressed)
    outbox.sweep()
    answer.refresh_from_db()
    assert answer.state == "stopped" and answer.generations.count() == 1


def test_a_stop_under_the_old_name_ends_what_was_asked_anew(
    asked: Any, owner: Any, queue: Any, clock: Clock, outbox: Outbox, player: Player
) -> None:
    """A page learns of the new name after a while; until then its button says the old one."""
    answer = asked()
    old = answer.generations.get().id
    queue.flushall()
    outbox.sweep()
    clock.now += 15
    outbox.sweep()
    outbox.sweep()
    (job,) = player.take()
    assert job.generation != str(old) and stop(owner, old) == "stopping"
    assert queue.hget(f"{{rantau}}:gen:{job.generation}", "state") == "stopping"
    player.end(job.generation, "stopped")
    assert stop(owner, old) == "stopped"


def test_a_prompt_that_cannot_be_asked_holds_nobody_up(
    asked: Any, outbox: Outbox, player: Player, lost_broker: Callable[[], None]
) -> None:
    bad, good = asked(), asked()
    Message.objects.filter(id=bad.id).update(wish={"of": "another version"})
    lost_broker()
    told = outbox.sweep()
    assert (told.admitted, told.failed) == (1, 1)
    bad.refresh_from_db()
    assert (bad.state, bad.code) == ("failed", "unreadable")
    assert [job.generation for job in player.take()] == [str(good.generations.get().id)]


def test_a_clock_that_was_set_back_keeps_nobody_waiting(
    asked: Any, queue: Any, player: Player, lost_broker: Callable[[], None]
) -> None:
    asked()
    lost_broker()
    Generation.objects.update(queued=timezone.now() + timedelta(hours=1))
    assert Outbox(Admission(queue)).sweep().admitted == 1 and len(player.take()) == 1
