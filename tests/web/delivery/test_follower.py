"""What a viewer is told when the broker has lost something, without a web process."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from rantau.serving.broker import Broker, broker
from rantau.serving.protocol import START, EntryId
from rantau.serving.queue import Admission, connect
from rantau.web.delivery.follower import Follower, Gone, Missing, Said, Stands, Told
from rantau.web.delivery.frames import frame
from rantau.web.delivery.reader import Reader
from tests.web.delivery.test_reader import Scribe


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
def client(server: Broker) -> Iterator[Any]:
    connected = connect(server.url)
    connected.flushall()
    yield connected
    connected.close()


class Database:
    """What is told of generation g: nothing, until a test says so."""

    def __init__(self) -> None:
        self.final: Mapping[str, Any] | None = None
        self.missing = False

    async def __call__(self, name: str) -> Mapping[str, Any] | None:
        if self.missing:
            raise Missing(name)
        return self.final


def heard(
    server: Broker, database: Database, until: Callable[[list[Told]], Any], *, after: EntryId = START,
    meanwhile: Callable[[list[Told]], Any] = lambda told: None,
) -> list[Told]:  # fmt: skip
    """All that is told of g until something is."""

    async def listen() -> list[Told]:
        reader = Reader(server.url, wait_ms=10)
        follower, told = Follower(reader, database, look_s=0.02), list[Told]()
        follower.follow("g", after)
        async with asyncio.timeout(60):
            while not until(told):
                told += await follower.next()
                meanwhile(told)
        await reader.aclose()
        return told

    return asyncio.run(listen())


def kinds(told: list[Told]) -> list[str]:
    return [type(t).__name__ for t in told]


def test_a_log_with_a_hole_is_held_until_it_is_written_anew(client: Any, server: Broker) -> None:
    scribe, database = Scribe(client, "g"), Database()
    for text in "abc":
        scribe.say("g", text)
    client.xdel("{rantau}:out:g", "1-3")
    scribe.end("g")
    anew = {"state": "queued", "generation": "h"}
    told = heard(
        server, database, lambda told: any(isinstance(t, Gone) for t in told),
        meanwhile=lambda told: setattr(database, "final", anew),
    )  # fmt: skip
    assert isinstance(told[0], Said) and [str(id_) for id_, _ in told[0].entries] == ["1-1", "1-2"]
    assert told[-1] == Gone("g", anew)


def test_the_end_of_a_log_that_lost_its_middle_is_not_told(client: Any, server: Broker) -> None:
    """The viewer had read what the broker lost."""
    scribe, database = Scribe(client, "g"), Database()
    for text in "abc":
        scribe.say("g", text)
    client.xdel("{rantau}:out:g", "1-3")
    scribe.end("g")
    told = heard(server, database, lambda told: len(told) > 1, after=EntryId(1, 3))
    assert isinstance(told[0], Said) and [str(id_) for id_, _ in told[0].entries] == ["1-4"]
    assert told[1] == Stands("g", "running", None)


def test_the_end_is_told_with_what_all_of_it_is(client: Any, server: Broker) -> None:
    scribe = Scribe(client, "g")
    scribe.say("g", "สวัสดี")
    scribe.end("g")
    (told,) = heard(server, Database(), len, after=EntryId(1, 2))
    assert frame(told)["e"][0][1]["n"] == 6


def test_what_nobody_knows_any_more(client: Any, server: Broker) -> None:
    database = Database()
    database.missing = True
    assert heard(server, database, len) == [Gone("g", None)]


def test_a_prompt_that_the_broker_does_not_have_yet_waits(client: Any, server: Broker) -> None:
    told = heard(server, Database(), lambda told: len(told) > 2)
    assert told == [Stands("g", "queued", None)] * 3


def test_a_state_is_told_when_it_changes_and_not_again(client: Any, server: Broker) -> None:
    Scribe(client, "g")
    admission = Admission(client)

    def stop(told: list[Told]) -> None:
        if len(told) == 2:
            admission.cancel("g", "ana")

    told = heard(server, Database(), lambda told: len(told) == 3, meanwhile=stop)
    assert kinds(told) == ["Said", "Stands", "Stands"]
    assert [t.state for t in told if isinstance(t, Stands)] == ["running", "stopping"]


def test_an_end_that_is_not_kept_yet_is_told_once_it_is(client: Any, server: Broker) -> None:
    scribe, database = Scribe(client, "g"), Database()
    scribe.end("g")
    final = {"state": "done", "text": ""}
    told = heard(
        server, database, lambda told: any(isinstance(t, Gone) for t in told), after=EntryId(1, 2),
        meanwhile=lambda told: setattr(database, "final", final),
    )  # fmt: skip
    assert told[-1] == Gone("g", final)
