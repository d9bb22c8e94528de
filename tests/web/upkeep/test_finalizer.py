"""The finalizer: what has ended is kept once, whenever it is killed."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from rantau.serving.protocol import End, Tokens
from rantau.serving.queue import Finals
from rantau.web.records.models import Generation, Message
from rantau.web.upkeep import finalizer as room
from rantau.web.upkeep.finalizer import keep
from tests.waiting import until
from tests.web.playing import Player

NOTES = "{rantau}:done"


def ended(player: Player, answer: Message, *texts: str) -> str:
    name = str(answer.generations.get().id)
    player.say(name, *texts)
    player.end(name)
    return name


def finals(client: Any, idle_ms: int = 0) -> Finals:
    found = Finals(client, "f", idle_ms)
    found.prepare()
    return found


def test_what_has_ended_is_kept(asked: Any, player: Player, queue: Any) -> None:
    answer = asked()
    name = ended(player, answer, "Ba", "", "ik")
    assert keep(finals(queue), queue) == 1
    answer.refresh_from_db()
    assert (answer.text, answer.tokens, answer.state, answer.reason) == ("Baik", [1, 2, 3], "done", "eos")
    assert (answer.prompt_tokens, answer.completion_tokens) == (7, 3) and answer.wall_ms is not None
    row = Generation.objects.get()
    assert (row.state, row.attempt) == ("done", 1) and row.ended
    assert queue.xlen(NOTES) == 0 and queue.ttl(f"{{rantau}}:out:{name}") > 0


def test_a_failure_is_kept_with_its_cause(asked: Any, player: Player, queue: Any) -> None:
    answer = asked()
    name = str(answer.generations.get().id)
    player.say(name, "Ba")
    player.end(name, "error", code="out_of_memory")
    keep(finals(queue), queue)
    answer.refresh_from_db()
    assert (answer.text, answer.state, answer.reason, answer.code) == ("Ba", "failed", "error", "out_of_memory")


def test_keeping_twice_is_keeping_once(asked: Any, player: Player, queue: Any) -> None:
    answer = asked()
    name = ended(player, answer, "Ba", "ik")
    keep(finals(queue), queue)
    Message.objects.filter(id=answer.id).update(text="Baik!")  # would be written over
    queue.xadd(NOTES, {"gen": name, "state": "done"})
    assert keep(finals(queue), queue) == 1
    answer.refresh_from_db()
    assert answer.text == "Baik!" and queue.xlen(NOTES) == 0


def test_two_finalizers_at_once(asked: Any, player: Player, queue: Any) -> None:
    answers = [asked() for _ in range(4)]
    for answer in answers:
        ended(player, answer, "Ba", "ik")
    both = [Finals(queue, name, idle_ms=0) for name in "ab"]  # each takes over what the other one has
    both[0].prepare()
    errors: list[Exception] = []

    def work(one: Finals) -> None:
        try:
            for _ in range(5):
                keep(one, queue)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and queue.xlen(NOTES) == 0
    assert {(m.text, m.state) for m in Message.objects.filter(role="assistant")} == {("Baik", "done")}


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_a_finalizer_that_is_killed_loses_nothing(
    when: str, asked: Any, player: Player, queue: Any, finalizer: Callable[[str], Any]
) -> None:
    answer = asked()
    name = ended(player, answer, "Ba", "ik")
    assert finalizer(when).wait(60) == -signal.SIGKILL
    answer.refresh_from_db()
    assert (answer.state, answer.text) == (("queued", "") if when == "before_commit" else ("done", "Baik"))
    assert queue.xlen(NOTES) == 1 and queue.ttl(f"{{rantau}}:out:{name}") == -1  # it is still known to be unkept
    finalizer("never")
    until(lambda: queue.xlen(NOTES) == 0, "the note is settled")
    answer.refresh_from_db()
    assert (answer.state, answer.text, answer.tokens) == ("done", "Baik", [1, 2])


def test_a_database_that_is_locked_takes_it_later(
    asked: Any, player: Player, queue: Any, finalizer: Callable[[str], Any]
) -> None:
    answer = asked()
    finals(queue)
    ended(player, answer, "Ba", "ik")
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        finalizer("never")
        until(lambda: queue.xpending(NOTES, "fin")["pending"], "the note is taken")
        cursor.execute("COMMIT")
    until(lambda: queue.xlen(NOTES) == 0, "the note is settled")
    answer.refresh_from_db()
    assert (answer.state, answer.text) == ("done", "Baik")


def test_a_database_that_refuses_keeps_the_note(
    asked: Any, player: Player, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(player, asked(), "Ba")

    def refuse(*_: Any) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(room, "write", refuse)
        with pytest.raises(OperationalError):
            keep(finals(queue), queue)
    assert queue.xlen(NOTES) == 1
    assert keep(finals(queue), queue) == 1


def test_one_that_cannot_be_kept_holds_nobody_up(
    asked: Any, player: Player, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = asked(), asked()
    ended(player, bad, "x")
    ended(player, good, "Baik")
    write = room.write

    def choosy(found: Any, entries: Any) -> None:
        if found.message_id == bad.id:
            raise ValueError("no")
        write(found, entries)

    monkeypatch.setattr(room, "write", choosy)
    assert keep(finals(queue), queue) == 1 and queue.xlen(NOTES) == 1
    good.refresh_from_db()
    assert good.state == "done"
    Generation.objects.update(queued=timezone.now() - timedelta(hours=2))
    assert keep(finals(queue), queue) == 1 and queue.xlen(NOTES) == 0
    bad.refresh_from_db()
    assert (bad.state, bad.code) == ("failed", "unreadable")  # nobody waits for ever


def test_a_log_with_a_hole_is_asked_anew(asked: Any, player: Player, queue: Any) -> None:
    answer = asked()
    name = ended(player, answer, "Ba", "ik")
    queue.xdel(f"{{rantau}}:out:{name}", "1-2")  # the broker lost a second of its file
    assert keep(finals(queue), queue) == 1
    answer.refresh_from_db()
    assert (answer.state, answer.text) == ("queued", "")
    old, new = Generation.objects.order_by("requeues")
    assert (str(old.id), old.state, old.code) == (name, "failed", "lost") and new.requeues == 1


def test_a_stranger_in_the_broker_is_let_go(queue: Any, site: Any) -> None:
    for name in ("g1", "00000000-0000-4000-8000-000000000000"):
        queue.xadd(NOTES, {"gen": name, "state": "done"})
    assert keep(finals(queue), queue) == 2 and queue.xlen(NOTES) == 0


def test_no_text_of_a_model_breaks_the_database(asked: Any, player: Player, queue: Any) -> None:
    answer = asked()
    ended(player, answer, "a\x00b", "🙂", "\u202e")
    keep(finals(queue), queue)
    answer.refresh_from_db()
    assert answer.text == "a\ufffdb🙂\u202e"


def test_tokens_are_kept_only_where_all_are_known(asked: Any, player: Player, queue: Any) -> None:
    def kept(piece: Tokens, **begun: Any) -> Any:
        answer = asked()
        Message.objects.filter(id=answer.id).update(**begun)
        name = str(answer.generations.get().id)
        player.piece(name, Tokens("a", (1,)))
        player.piece(name, piece)
        player.end(name)
        keep(finals(queue), queue)
        answer.refresh_from_db()
        return answer.tokens, answer.completion_tokens

    assert kept(Tokens("b", (2, 3))) == ([1, 2, 3], 3)
    assert kept(Tokens("b", (3,)), beginning="x", tokens=[7]) == ([7, 1, 3], 2)
    assert kept(Tokens("b", (), 2)) == ([], 3)
    assert kept(Tokens("b", (3,)), beginning="x") == ([], 2)


def test_the_first_piece_has_its_time(asked: Any, player: Player, queue: Any) -> None:
    answer = asked()
    Message.objects.filter(id=answer.id).update(created=answer.created - timedelta(seconds=30))
    name = str(answer.generations.get().id)
    player.say(name, "a")
    player.end(name, last=End("eos", "done", 7, "", 20_000))
    keep(finals(queue), queue)
    answer.refresh_from_db()
    assert answer.wall_ms - answer.first_ms == 20_000 and 10_000 <= answer.first_ms < 40_000


@pytest.mark.parametrize(("told", "kept"), [("sha256:new", "sha256:new"), ("", "sha256:aa")])
def test_the_weights_that_answered_are_named(asked: Any, player: Player, queue: Any, told: str, kept: str) -> None:
    answer = asked()
    assert answer.digest == "sha256:aa"  # as the site began
    player.end(str(answer.generations.get().id), last=End("eos", "done", 7, digest=told))
    keep(finals(queue), queue)
    answer.refresh_from_db()
    assert answer.digest == kept


def test_groups_that_the_broker_lost_are_made_again(queue: Any, player: Player) -> None:
    waiting = finals(queue)
    queue.flushall()
    assert waiting.take() == [] and player.take() == []
