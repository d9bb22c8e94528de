"""Users of the broker as docs/serving/users.acl has them: each does its own work, and nothing else."""

import asyncio
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import NoPermissionError, ResponseError

from rantau.errors import RequestError
from rantau.serving import broker
from rantau.serving.broker import find_server
from rantau.serving.child import bound_to_parent
from rantau.serving.engines.fake import FakeEngine
from rantau.serving.protocol import End, EntryId, Job, Tokens, Wish
from rantau.serving.queue import (
    Admission,
    BrokerLost,
    Claims,
    Finals,
    Limits,
    Presence,
    Rates,
    check_server,
    check_tenant,
    connect,
    connect_async,
    is_alive,
    load,
    move_in,
    read_log,
    read_next,
    standings,
)
from rantau.serving.worker import Pace, Worker
from rantau.web.upkeep.deserted import Deserted
from tests.serving.test_server import told_of
from tests.waiting import PATIENCE_S, until

USERS = Path(__file__).parents[2] / "docs" / "serving" / "users.acl"
ROLES = ("web", "finalizer", "serve", "worker")
As = Callable[[str], Any]


SERVERS = {find_server(), *(Path(found) for name in broker.SERVERS if (found := shutil.which(name)))}


@pytest.fixture(scope="module", params=sorted(SERVERS), ids=lambda server: server.name)
def socket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A broker with these users; their passwords are their names. `root` is of the tests."""
    folder = tmp_path_factory.mktemp("users")
    lines = [
        line.replace(" resetpass", f" resetpass >{line.split()[1]}") for line in USERS.read_text().splitlines()
    ]
    (folder / "users.acl").write_text("\n".join([*lines, "user root on >root ~* &* +@all"]) + "\n")
    words = ["--port", "0", "--unixsocket", str(folder / "s"), "--aclfile", str(folder / "users.acl")]
    words += ["--dir", str(folder), "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
    process = subprocess.Popen(
        [str(request.param), *words],
        stdout=subprocess.DEVNULL,
        preexec_fn=bound_to_parent(),  # noqa: PLW1509
    )
    while not is_alive(client := connect(f"unix://root:root@{folder / 's'}", retries=0)):
        assert process.poll() is None
        client.close()
        time.sleep(0.02)
    client.close()
    yield folder / "s"
    process.terminate()
    process.wait(60)


@pytest.fixture
def as_(socket: Path) -> Iterator[As]:
    """A client of a user, on a broker that is empty."""
    clients: list[Any] = []

    def make(name: str) -> Any:
        clients.append(connect(f"unix://{name}:{name}@{socket}", retries=0, timeout_s=PATIENCE_S))
        return clients[-1]

    make("root").flushall()
    yield make
    for client in clients:
        client.close()


def job(name: str) -> Job:
    return Job(name, "ana", "fake", ({"role": "user", "content": "halo"},), Wish())


@pytest.mark.parametrize(("site", "keeper"), [("web", "finalizer"), ("serve", "serve")])
def test_a_talk_from_its_prompt_to_the_database(as_: As, socket: Path, site: str, keeper: str) -> None:
    web, finalizer = as_(site), as_(keeper)
    check_server(web)
    assert told_of(web) == []
    for client in (web, finalizer):
        move_in(client, "abc", ["fake"])
    admission = Admission(web, limits=Limits(each_owner=9))
    for name in ("g1", "g2"):
        assert admission.admit(job(name), message=name)[0] == "accepted"
    assert (admission.state("g2"), admission.cancel("g2", "ana")) == ("queued", "stopped")
    with working(as_):
        until(lambda: admission.state("g1") == "done")
        assert Presence(web).all()["w1"]["models"] == "fake"
    finals = Finals(finalizer, "f")
    finals.prepare()
    ended = finals.take()
    assert {(e.generation, e.state) for e in ended} == {("g1", "done"), ("g2", "stopped")}
    assert isinstance(read_log(finalizer, "g1")[-1][1], End)
    for one in ended:
        finals.persisted(one)
    assert finals.waiting() == Finals(web, "supervisor").waiting() == 0
    assert asyncio.run(followed(socket)) == ("done", True)


async def followed(socket: Path) -> tuple[str | None, bool]:
    reader = connect_async(f"unix://web:web@{socket}")
    said = await read_next(reader, {"g1": EntryId(0, 0)}, wait_ms=10)
    stands = await standings(reader, ["g1"])
    await reader.aclose()
    return stands["g1"].state, any(isinstance(entry, Tokens) for _, entry in said["g1"])


class working:
    """A worker as that user, in a thread."""

    def __init__(self, as_: As) -> None:
        check_tenant(as_("worker"), ["fake"], "abc")
        check_server(as_("worker"))
        claims, beats = (Claims(as_("worker"), "w1", idle_ms=200, max_attempts=99) for _ in range(2))
        self._worker = Worker(claims, beats, FakeEngine(words_per_s=200), Pace(wait_ms=20))
        self._thread = threading.Thread(target=self._worker.run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._worker.stopping.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


def test_a_worker_can_all_that_workers_do(as_: As) -> None:
    admission = Admission(as_("web"), limits=Limits(each_owner=9))
    claims = Claims(as_("worker"), "w1", idle_ms=0, max_attempts=1)
    claims.prepare()
    for name in ("g1", "g2", "g3"):
        admission.admit(job(name), message=name)
    held = claims.claim(3)
    assert claims.beat(held) == [] and claims.states(["g1"]) == ["running"]
    assert claims.write([(held[0], held[0].first, Tokens("a", (1,)))]) == ["running"]
    admission.cancel("g1", "ana")
    for one in held:
        claims.release(one, blame=one is held[1])
    left = claims.claim(3)  # one was stopped, one is poison
    assert [one.job.generation for one in left] == ["g3"]
    assert claims.finish(left[0], left[0].first, End("eos", "done"))
    assert [admission.state(name) for name in ("g1", "g2", "g3")] == ["stopped", "failed", "done"]


@pytest.mark.parametrize(("site", "keeper"), [("web", "finalizer"), ("serve", "serve")])
def test_web_and_finalizer_can_all_that_they_do(as_: As, site: str, keeper: str) -> None:
    web, finalizer = as_(site), as_(keeper)
    rates = Rates(web)
    assert (rates.wait_s("ana", 1), rates.count("ana")) == (0, 1)
    rates.forget("ana")
    assert load(web).waiting == 0
    outbox, claims = Admission(finalizer), Claims(finalizer, "nobody")
    claims.prepare()
    assert outbox.admit(job("g1"), message="g1")[0] == "accepted" and load(web).waiting == 1
    assert outbox.admit(job("g1"), message="g1")[0] == "known" and Admission(web).position("g1") == 0
    assert Deserted(claims, patience_s=0).clear() == 1 and outbox.state("g1") == "failed"
    assert outbox.admit(job("g2"), message="g2")[0] == "accepted"
    assert outbox.cancel("g2", "ana") == "stopped"


OTHERS = [
    (("FLUSHALL",), ROLES), (("FLUSHDB",), ROLES), (("CONFIG", "GET", "*"), ROLES), (("KEYS", "*"), ROLES),
    (("CONFIG", "SET", "requirepass", ""), ROLES), (("SHUTDOWN",), ROLES),
    (("ACL", "LIST"), ROLES), (("MONITOR",), ROLES), (("CLIENT", "LIST"), ROLES),
    (("CLIENT", "KILL", "ID", "1"), ROLES),
    (("REPLICAOF", "h", "1"), ROLES), (("SCRIPT", "FLUSH"), ROLES), (("FUNCTION", "LIST"), ROLES),
    (("MODULE", "LIST"), ROLES), (("SAVE",), ROLES), (("PUBLISH", "a", "b"), ROLES), (("GET", "another"), ROLES),
    (("XGROUP", "DESTROY", "{rantau}:jobs:main", "w"), ROLES),
    (("RENAME", "{rantau}:done", "{rantau}:out:x"), ROLES),
    (("XRANGE", "{rantau}:done", "-", "+"), ("worker",)),
    (("XREAD", "STREAMS", "{rantau}:done", "0"), ("worker",)),
    (("ZRANGE", "{rantau}:inflight:ana", "0", "-1"), ROLES), (("GET", "{rantau}:idem:ana:1"), ("worker",)),
    (("GET", "{rantau}:rate:ana"), ("worker", "finalizer")), (("SCAN", "0"), ROLES),
    (("ZADD", "{rantau}:inflight:ana", "1", "g"), ("worker",)),
    (("ZREM", "{rantau}:workers", "w1"), ("web", "finalizer")),
    (("HSET", "{rantau}:chat", "id", "mine"), ("worker",)), (("DEL", "{rantau}:chat"), ("worker", "finalizer")),
    (("EVAL", "return redis.call('XRANGE', KEYS[1], '-', '+')", "1", "{rantau}:done"), ("worker",)),
    (("EVAL", "return redis.call('FLUSHALL')", "0"), ROLES), (("EVAL", "return 1", "1", "another"), ROLES),
    (("EVAL", "return redis.call('GET', KEYS[1])", "1", "{rantau}:idem:ana:1"), ("worker",)),
    (("HSET", "{rantau}:worker:w1", "state", "ready"), ("web", "finalizer")),
    (("XREADGROUP", "GROUP", "w", "x", "STREAMS", "{rantau}:jobs:main", ">"), ("web",)),
]  # fmt: skip


REFUSED = r"(?i)permission|acl failure|the user executing the script can't"
"""Redis 7.0 says the last of what a script does."""


@pytest.mark.parametrize(("words", "roles"), OTHERS, ids=lambda x: " ".join(x)[:60])
def test_nobody_does_what_is_anothers(as_: As, words: tuple[str, ...], roles: tuple[str, ...]) -> None:
    for role in roles:
        with pytest.raises(ResponseError, match=REFUSED) as told:
            as_(role).execute_command(*words)
        assert isinstance(told.value, NoPermissionError) or words[0] == "EVAL"


def test_a_process_of_the_wrong_user_ends_instead_of_trying_again(as_: As) -> None:
    with pytest.raises(RequestError, match=r"no permissions.*users\.acl"):
        Finals(as_("web"), "f").prepare()
    with pytest.raises(RequestError, match=r"no permissions.*users\.acl"):
        Claims(as_("web"), "w").claim(1)


def test_who_has_no_name_gets_in_nowhere(socket: Path) -> None:
    client = connect(f"unix://{socket}", retries=0)
    with pytest.raises((BrokerLost, RequestError)):
        check_server(client)
    client.close()
    assert all(
        " >" not in line and "nopass" not in line and "#" not in line for line in USERS.read_text().splitlines()
    )
