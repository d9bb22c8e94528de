"""The queue on a real broker: limits, order, fencing, stop in every state, notes to the finalizer."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from rantau.errors import RequestError
from rantau.serving.broker import Broker
from rantau.serving.protocol import End, EntryId, Job, Phase, Tokens
from rantau.serving.queue import (
    Admission,
    BrokerLost,
    Claims,
    Finals,
    Held,
    Limits,
    Torn,
    connect,
    connect_async,
    read_log,
    tail,
)

PATIENT_MS = 60_000
DONE = End("eos", "done", 3)


def job(name: str, owner: str = "ana") -> Job:
    return Job(name, owner, "m", ({"role": "user", "content": "halo"},))


def accepted(client: Any, *names: str) -> Admission:
    admission = Admission(client, limits=Limits(each_owner=99))
    for name in names:
        assert admission.admit(job(name), message=name) == ("accepted", name)
    return admission


def worker(client: Any, name: str = "w1", **options: int) -> Claims:
    claims = Claims(client, name, **{"idle_ms": PATIENT_MS, **options})
    claims.prepare()
    return claims


def impatient(one: Any) -> Any:
    """To it any silence is too long."""
    return replace(one, idle_ms=0)


def after(held: Held, n: int) -> EntryId:
    return EntryId(held.attempt, held.first.seq + n)


def lose_the_end(client: Any, name: str, *, keep: int) -> list[Any]:
    """The log as a broker has it that lost power: without what was not on its disk yet. Returns   all of it"""
    key = f"{{rantau}}:out:{name}"

    def lose(pipe: Any) -> list[Any]:
        whole, rows = read_log(pipe, name), pipe.xrange(key, count=keep) if keep else []
        pipe.multi()
        pipe.delete(key)  # what is deleted from a stream would still be its last id
        for id_, fields in rows:
            pipe.xadd(key, fields, id=id_)
        return whole

    whole: list[Any] = client.transaction(lose, key, value_from_callable=True)  # its worker goes on meanwhile
    return whole


def is_empty(client: Any) -> bool:
    left = client.xlen("{rantau}:jobs:main"), client.xpending("{rantau}:jobs:main", "w")["pending"]
    return left == (0, 0) and not list(client.scan_iter("{rantau}:inflight:*"))


def test_a_message_that_is_sent_twice_is_answered_once(client: Any) -> None:
    admission = Admission(client)
    assert admission.admit(job("g1"), message="m") == ("accepted", "g1")
    assert admission.admit(job("g2"), message="m") == ("known", "g1")
    assert admission.admit(job("g1"), message="another") == ("known", "g1")
    assert client.xlen("{rantau}:jobs:main") == 1


def test_limits_of_the_pool_and_of_each_owner(client: Any) -> None:
    admission = Admission(client, limits=Limits(jobs=3, each_owner=2))
    told = [admission.admit(job(f"g{n}", owner), message=f"m{n}")[0] for n, owner in enumerate("aaabb")]
    assert told == ["accepted", "accepted", "too_many", "accepted", "full"]
    assert admission.admit(job("g2", "a"), message="m2") == ("full", None)  # what was refused is not remembered


def test_an_owners_place_is_free_again_after_the_end_or_its_patience(client: Any) -> None:
    admission = Admission(client, limits=Limits(each_owner=1, patience_s=0))
    assert admission.admit(job("g1"), message="1")[0] == "accepted"
    time.sleep(0.002)
    assert admission.admit(job("g2"), message="2")[0] == "accepted"
    strict = Admission(client, limits=Limits(each_owner=1))
    assert strict.cancel("g2", "ana") == "stopped"
    assert strict.admit(job("g3"), message="3")[0] == "accepted"


def test_jobs_are_taken_in_order_and_know_their_place(client: Any) -> None:
    admission = accepted(client, "g1", "g2", "g3")
    claims = worker(client)
    assert [admission.position(f"g{n}") for n in (1, 2, 3)] == [0, 1, 2]
    assert [h.job.generation for h in claims.claim(2)] == ["g1", "g2"]
    assert [admission.position(f"g{n}") for n in (1, 2, 3)] == [None, None, 0]
    assert admission.position("unheard of") is None


def test_a_generation_from_prompt_to_end(client: Any) -> None:
    admission, claims = accepted(client, "g1"), worker(client)
    (held,) = claims.claim(4)
    assert claims.write([(held, after(held, 0), Tokens("Sela", (5, 6)))]) == ["running"]
    assert claims.finish(held, after(held, 1), DONE)
    assert [e for _, e in read_log(client, "g1")] == [Phase("prefill", "w1"), Tokens("Sela", (5, 6)), DONE]
    assert [str(i) for i, _ in read_log(client, "g1", EntryId(1, 1))] == ["1-2", "1-3"]
    assert admission.state("g1") == "done" and is_empty(client)


def test_what_is_sent_twice_is_written_once(client: Any) -> None:
    accepted(client, "g1")
    claims = worker(client)
    (held,) = claims.claim(1)
    piece = (held, after(held, 0), Tokens("a", (1,)))
    assert claims.write([piece]) == claims.write([piece]) == ["running"]
    assert claims.write([(held, after(held, 0), Tokens("b", (1,)))]) == ["fenced"]
    assert claims.finish(held, after(held, 1), DONE) and claims.finish(held, after(held, 1), DONE)
    assert len(read_log(client, "g1")) == 3 and client.xlen("{rantau}:done") == 1


def test_a_silent_worker_loses_its_job_and_is_refused_when_it_wakes(client: Any) -> None:
    accepted(client, "g1")
    first, second = worker(client), worker(client, "w2")
    (old,) = first.claim(1)
    first.write([(old, after(old, 0), Tokens("Se", (1,)))])
    assert second.claim(1) == []
    (new,) = impatient(second).claim(1)
    assert new.first == EntryId(2, 4) and read_log(client, "g1")[-1][1] == Phase("restarted", "w2")
    assert first.write([(old, after(old, 1), Tokens("x", (9,)))]) == ["fenced"]
    assert not first.finish(old, after(old, 1), DONE) and first.beat([old]) == [old]
    first.release(old)
    assert worker(client, "w3").claim(1) == []
    assert second.write([(new, new.first, Tokens("la", (2,)))]) == ["running"]
    assert second.finish(new, after(new, 1), DONE) and is_empty(client)
    said = [e.text for _, e in read_log(client, "g1") if isinstance(e, Tokens)]
    assert said == ["Se", "la"]


def test_entries_that_the_broker_lost_are_missed_and_written_again(client: Any) -> None:
    accepted(client, "g1")
    claims = worker(client)
    (held,) = claims.claim(1)
    pieces = [(held, after(held, n), Tokens(text, (n,))) for n, text in enumerate("abcd")]
    claims.write(pieces[:3])
    whole = lose_the_end(client, "g1", keep=2)
    assert claims.write(pieces[3:]) == ["torn"]
    with pytest.raises(Torn, match="g1"):
        claims.finish(held, after(held, 4), DONE)
    assert read_log(client, "g1") == whole[:2]
    assert claims.write(pieces) == ["running"] * 4 and claims.finish(held, after(held, 4), DONE)
    assert read_log(client, "g1")[:4] == whole and is_empty(client)


def test_nothing_is_said_where_the_log_is_gone(client: Any) -> None:
    accepted(client, "g1")
    claims = worker(client)
    (held,) = claims.claim(1)
    client.delete("{rantau}:out:g1", "{rantau}:gen:g1")  # ended, kept and expired while this worker slept
    assert claims.write([(held, held.first, Tokens("a", (1,)))]) == ["fenced"]
    assert not claims.finish(held, held.first, DONE) and claims.beat([held]) == [held]
    assert not client.exists("{rantau}:out:g1", "{rantau}:done")


def test_beating_keeps_a_job(client: Any) -> None:
    accepted(client, "g1")
    first, second = worker(client), worker(client, "w2")
    (held,) = first.claim(1)
    client.xclaim("{rantau}:jobs:main", "w", "w1", 0, [held.entry], idle=2 * PATIENT_MS, justid=True)
    assert first.beat([held]) == []
    assert second.claim(1) == []
    assert impatient(second).claim(1)


def test_a_released_job_is_claimed_at_once(client: Any) -> None:
    accepted(client, "g1")
    first, second = worker(client, idle_ms=60_000), worker(client, "w2", idle_ms=60_000)
    (held,) = first.claim(1)
    first.release(held)
    assert [h.first for h in second.claim(1)] == [EntryId(2, 3)]


def test_a_prompt_that_no_worker_survives_is_given_up(client: Any) -> None:
    admission, claims = accepted(client, "g1"), worker(client, idle_ms=0, max_attempts=2)
    assert [claims.claim(1)[0].attempt for _ in range(2)] == [1, 2]
    assert claims.claim(1) == [] and admission.state("g1") == "failed" and is_empty(client)
    assert read_log(client, "g1")[-1] == (EntryId(3, 3), End("error", "failed", None, "poison"))


def test_stop_before_a_worker_has_it(client: Any) -> None:
    admission = accepted(client, "g1")
    assert admission.cancel("g1", "ana") == "stopped" == admission.cancel("g1", "ana")
    assert worker(client).claim(1) == [] and is_empty(client)
    assert read_log(client, "g1") == [(EntryId(1, 1), End("stopped", "stopped"))]


def test_stop_while_it_is_answered(client: Any) -> None:
    admission, claims = accepted(client, "g1"), worker(client)
    (held,) = claims.claim(1)
    assert admission.cancel("g1", "ana") == "stopping"
    assert claims.write([(held, held.first, Tokens("a", (1,)))]) == ["stopping"]
    assert claims.finish(held, after(held, 1), End("stopped", "stopped", 3))
    assert admission.cancel("g1", "ana") == "stopped"


def test_stop_is_kept_when_the_worker_dies(client: Any) -> None:
    admission = accepted(client, "g1")
    worker(client).claim(1)
    admission.cancel("g1", "ana")
    assert worker(client, "w2", idle_ms=0).claim(1) == []
    assert admission.state("g1") == "stopped" and is_empty(client)


def test_stop_of_what_nobody_knows(client: Any) -> None:
    assert Admission(client).cancel("g9", "ana") == "gone"


def test_the_end_is_told_until_it_is_kept(client: Any) -> None:
    accepted(client, "g1").cancel("g1", "ana")
    first, second = (Finals(client, name, idle_ms=PATIENT_MS) for name in ("f1", "f2"))
    first.prepare()
    assert [(e.generation, e.state) for e in first.take()] == [("g1", "stopped")]
    assert second.take() == []  # the first one died before the database had it
    (ended,) = impatient(second).take()
    assert client.ttl("{rantau}:out:g1") == -1  # no log goes before its text is kept
    second.persisted(ended)
    assert client.ttl("{rantau}:out:g1") > 0 and client.xlen("{rantau}:done") == 0


def test_a_broker_that_forgot_its_scripts_is_told_again(client: Any) -> None:
    accepted(client, "g1")
    claims = worker(client)
    (held,) = claims.claim(1)
    client.script_flush()
    assert claims.write([(held, held.first, Tokens("a", (1,)))]) == ["running"]


def test_a_full_broker_refuses_and_forgets_nothing(client: Any) -> None:
    admission = accepted(client, "g1")
    held_by = client.config_get("maxmemory")["maxmemory"]
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(BrokerLost, match="maxmemory"):
            admission.admit(job("g2"), message="m2")
    finally:
        client.config_set("maxmemory", held_by)
    assert [h.job.generation for h in worker(client).claim(4)] == ["g1"]


def test_a_reader_gets_what_was_said_and_what_is_said_next(client: Any, server: Broker) -> None:
    accepted(client, "g1")
    claims = worker(client)
    (held,) = claims.claim(1)
    claims.write([(held, after(held, 0), Tokens("a", (1,)))])

    async def read() -> list[tuple[EntryId, Any] | None]:
        reader, found = connect_async(server.url), []
        async for item in tail(reader, "g1", EntryId(1, 1), wait_ms=20):
            found.append(item)
            if item is None and len(found) == 2:
                await asyncio.to_thread(claims.finish, held, after(held, 1), DONE)
        await reader.aclose()
        return found

    assert asyncio.run(read()) == [(EntryId(1, 2), Tokens("a", (1,))), None, (EntryId(1, 3), DONE)]


@pytest.mark.parametrize("make", [connect, connect_async])
def test_an_address_that_is_none_is_refused_without_its_password(make: Any) -> None:
    with pytest.raises(RequestError, match="no address of a broker") as told:
        make("http://ana:secret@host")
    assert "secret" not in str(told.value)


def test_a_job_that_is_given_back_counts_no_try(client: Any) -> None:
    admission, claims = accepted(client, "g1"), worker(client, idle_ms=60_000, max_attempts=1)
    for attempt in (1, 2, 3):
        (held,) = claims.claim(1)
        assert held.attempt == attempt
        claims.release(held)
        claims.release(held)  # the reply to the first was lost
    (held,) = claims.claim(1)
    claims.release(held, blame=True)
    assert claims.claim(1) == [] and admission.state("g1") == "failed"


def test_a_job_that_cannot_be_read_fails_and_ends_no_worker(client: Any) -> None:
    admission = accepted(client, "g1", "g2")
    ((entry, fields),) = client.xrange("{rantau}:jobs:main", count=1)
    client.xdel("{rantau}:jobs:main", entry)
    later = client.xadd("{rantau}:jobs:main", {**fields, "json": '{"of": "another version"}'})
    client.hset("{rantau}:gen:g1", "job", later)
    claims = worker(client)
    (held,) = claims.claim(4)
    assert held.job.generation == "g2" and admission.state("g1") == "failed"
    assert read_log(client, "g1")[-1][1] == End("error", "failed", None, "bad_job")
    claims.finish(held, held.first, DONE)
    assert is_empty(client) and not client.zcard("{rantau}:inflight:ana")


def test_states_of_several_come_in_one_trip(client: Any) -> None:
    admission = accepted(client, "g1", "g2")
    admission.cancel("g2", "ana")
    assert worker(client).states(["g2", "g1", "g9"]) == ["stopped", "queued", None]
    assert worker(client).states([]) == []
