"""A reply that is cut after the broker has done what was asked: nothing is made twice, and nothing is lost."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bench.serving.network import Network, Way

from rantau.serving.broker import Broker
from rantau.serving.protocol import End, EntryId, Phase, Tokens
from rantau.serving.queue import (
    BrokerLost,
    Claims,
    Ended,
    Finals,
    Held,
    connect,
    connect_async,
    read_log,
    read_next,
)
from tests.serving.test_queue import DONE, accepted, after, is_empty, job, worker
from tests.serving.test_race import Crowd, check

JOBS, ENDS = "{rantau}:jobs:main", "{rantau}:done"


@pytest.fixture
def network(server: Broker) -> Iterator[Network]:
    made = Network.to(server.url, seed=7)
    yield made
    made.stop()


@pytest.fixture
def far(client: Any, network: Network) -> Iterator[Any]:
    """A client to which all replies come through the network. `client` itself is near."""
    connected = connect(network.url)
    yield connected
    connected.close()


@pytest.fixture(params=["reply", "question"])
def cut(request: Any, far: Any, network: Network) -> Callable[[], None]:
    """From now on: the next reply that comes, or question that goes, is cut in its middle."""

    def do() -> None:
        far.ping()  # there is a connection
        network.cut(request.param)

    return do


def test_an_admission_that_is_cut_queues_one_prompt(client: Any, far: Any, cut: Callable[[], None]) -> None:
    admission = accepted(far)
    cut()
    assert admission.admit(job("g"), message="g")[1] == "g"
    assert client.xlen(JOBS) == client.zcard("{rantau}:inflight:ana") == 1


def test_a_start_that_is_cut_is_one_attempt(client: Any, far: Any, network: Network) -> None:
    """A prompt is not given up because a network is bad."""
    accepted(client, "g")
    claims, cutting = worker(far, max_attempts=1), script_cutter(far, network)
    (held,) = claims.claim(1)
    assert cutting and held.first == EntryId(1, 2)
    assert read_log(client, "g") == [(EntryId(1, 1), Phase("prefill", "w1"))]
    assert claims.write([(held, held.first, Tokens("a", (1,)))]) == ["running"]


def script_cutter(far: Any, network: Network) -> list[bool]:
    """Cuts the reply to the next script."""
    done: list[bool] = []
    evalsha = far.evalsha

    def asked(*words: Any) -> Any:
        if not done:
            done.append(True)
            network.cut("reply")
        return evalsha(*words)

    far.evalsha = asked
    return done


def test_what_has_begun_is_kept_when_the_network_falls(
    client: Any, far: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several that were taken together: the begun ones are answered, the others are free again."""
    accepted(client, "g1", "g2", "g3")
    claims, begun, start = worker(far), list[str](), Claims._begin

    def falls(self: Claims, entry: str, one: Any) -> Held | None:
        begun.append(one.generation)
        if len(begun) == 2:
            raise BrokerLost("the network has fallen")
        return start(self, entry, one)

    monkeypatch.setattr(Claims, "_begin", falls)
    assert [held.job.generation for held in claims.claim(3)] == ["g1"]
    monkeypatch.undo()
    assert [held.job.generation for held in worker(client, "w2", idle_ms=0).claim(3)] == ["g1", "g2", "g3"]


def test_a_piece_that_is_cut_is_said_once(client: Any, far: Any, cut: Callable[[], None]) -> None:
    accepted(client, "g")
    claims = worker(far)
    (held,) = claims.claim(1)
    pieces = [(held, after(held, n), Tokens(text, (n,))) for n, text in enumerate("abc")]
    claims.write(pieces[:1])
    cut()
    assert claims.write(pieces[1:]) == ["running", "running"]
    assert [e.text for _, e in read_log(client, "g") if isinstance(e, Tokens)] == ["a", "b", "c"]


def test_an_end_that_is_cut_is_told_once(client: Any, far: Any, cut: Callable[[], None]) -> None:
    accepted(client, "g")
    claims = worker(far)
    (held,) = claims.claim(1)
    cut()
    assert claims.finish(held, held.first, DONE)
    assert [e for _, e in read_log(client, "g") if isinstance(e, End)] == [DONE]
    assert client.xlen(ENDS) == 1 and is_empty(client)


def test_a_stop_that_is_cut_is_told_once(client: Any, far: Any, cut: Callable[[], None]) -> None:
    accepted(client, "g")
    admission = accepted(far)
    cut()
    assert admission.cancel("g", "ana") == "stopped"
    assert client.xlen(ENDS) == 1 and client.xlen(JOBS) == 0 and len(read_log(client, "g")) == 1


def test_a_job_that_is_given_back_over_a_cut_counts_no_try(client: Any, far: Any, cut: Callable[[], None]) -> None:
    accepted(client, "g")
    claims = worker(far, max_attempts=1)
    (held,) = claims.claim(1)
    cut()
    claims.release(held)
    (again,) = claims.claim(1)
    assert again.attempt == 2 and client.hget("{rantau}:gen:g", "forgiven") == "1"


def test_a_note_whose_reply_is_cut_comes_again(client: Any, far: Any, cut: Callable[[], None]) -> None:
    accepted(client, "g").cancel("g", "ana")
    finals = Finals(far, "f", idle_ms=0)
    finals.prepare()
    cut()
    taken: list[Ended] = finals.take() or finals.take()
    cut()
    finals.persisted(taken[0])
    assert [one.generation for one in taken] == ["g"] and client.xlen(ENDS) == 0
    assert client.xpending(ENDS, "fin")["pending"] == 0


def test_a_job_whose_claim_is_cut_goes_to_the_next(client: Any, far: Any, network: Network) -> None:
    """It was given to a worker that never heard of it."""
    claims = worker(far)
    for n in range(6):
        accepted(client, f"g{n}")
        far.ping()
        network.cut("reply")
        held = claims.claim(1) or worker(client, "w2", idle_ms=0).claim(1)
        assert [one.job.generation for one in held] == [f"g{n}"]
        assert claims.finish(held[0], held[0].first, DONE)
    assert is_empty(client) and client.xlen(ENDS) == 6


def test_a_read_that_is_cancelled_hands_its_reply_to_nobody(client: Any, network: Network) -> None:
    """Its reply is on its way, and comes after it has gone; what is asked next on its client has its own."""
    accepted(client, "mine", "other")
    claims = worker(client)
    mine, other = claims.claim(2)
    claims.write([(other, after(other, 0), Tokens("other", (1,)))])
    draw = random.Random(3)

    async def read() -> int:
        n_right = 0
        for n in range(40):
            reader = connect_async(network.url)
            await reader.ping()
            waits = asyncio.create_task(read_next(reader, {"mine": after(mine, n - 1)}, wait_ms=5000))
            await asyncio.sleep(draw.uniform(0, 0.004))
            claims.write([(mine, after(mine, n), Tokens("mine", (n,)))])
            await asyncio.sleep(draw.uniform(0, 0.002))
            waits.cancel()
            await asyncio.gather(waits, return_exceptions=True)
            try:
                found = await read_next(reader, {"other": EntryId(1, 1)}, wait_ms=None)
            except BrokerLost:
                pass  # the reader asks again, with a new client
            else:
                assert list(found) == ["other"]
                n_right += 1
            await reader.aclose()
        return n_right

    assert asyncio.run(read()) > 0


@pytest.mark.parametrize("way", ["reply", None])
def test_every_prompt_ends_once_over_a_bad_network(client: Any, network: Network, way: Way | None) -> None:
    seed, over = random.randrange(10**6), threading.Event()
    crowd = Crowd(network.url, seed, n_generations=60)

    def harm() -> None:
        draw, calm = random.Random(seed), 0
        while not over.wait(0.01):
            if network.carried > calm:  # at the pace of the others: a slow machine is cut less often
                network.cut(way)
                calm = network.carried + draw.randrange(60, 200)

    harming = threading.Thread(target=harm)
    harming.start()
    try:
        crowd.run(crowd.ask, crowd.keep, crowd.keep, *[crowd.work] * 4)
    finally:
        over.set()
        harming.join()
    assert not crowd.errors, (seed, crowd.errors)
    check(crowd, client)
