"""A broker whose machine lost power: its file is cut anywhere. It comes up, and has forgotten whole steps only."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rantau.serving.broker import Broker, start_broker
from rantau.serving.engines.fake import FakeEngine, word
from rantau.serving.protocol import End, EntryId, Tokens
from rantau.serving.queue import Claims, connect, read_log
from tests.serving.test_queue import DONE, accepted, after, worker
from tests.serving.test_worker import ask, end_of, text_of, working
from tests.waiting import PATIENCE_S, until

N_CUTS, N_WORDS, IDLE_MS = 12, 200, 1000
WHOLE = "".join(map(word, range(N_WORDS)))
JOBS, ENDS, PLACES = "{rantau}:jobs:main", "{rantau}:done", "{rantau}:inflight:ana"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Broker]]:
    """Brokers of one folder, one after the other; the last one runs."""
    made = [start_broker(tmp_path / "b")]
    yield made
    for one in made:
        one.process.kill()
        one.process.wait()


def let_it_write(broker: Broker) -> None:
    """Until all that it has answered is on the disk: where that is slow, its file is a second or two behind."""
    client = connect(broker.url, timeout_s=PATIENCE_S)
    client.set("last", "word")
    client.waitaof(1, 0, 0)
    client.close()


def kill(broker: Broker) -> None:
    broker.process.kill()
    broker.process.wait()


def tail_of(folder: Path) -> Path:
    """The file to which the broker appends."""
    (found,) = folder.glob("appendonlydir/*.incr.aof")
    return found


def cut(folder: Path, at: int) -> None:
    with tail_of(folder).open("r+b") as file:
        file.truncate(at)


@contextmanager
def restarted(folder: Path) -> Iterator[Any]:
    broker = start_broker(folder)
    client = connect(broker.url)
    try:
        yield client
    finally:
        client.close()
        kill(broker)


def check_steps(client: Any, logs: dict[str, list[tuple[EntryId, Any]]]) -> None:
    """Each log is the beginning of what was said; what has ended is told, all else can be claimed."""
    states = {name: client.hget(f"{{rantau}}:gen:{name}", "state") for name in logs}
    for name, whole in logs.items():
        log = read_log(client, name)
        assert log == whole[: len(log)]
        assert (states[name] in ("done", "stopped")) == (bool(log) and isinstance(log[-1][1], End))
    open_ = {name for name, state in states.items() if state in ("queued", "running", "stopping")}
    ended = {name for name, state in states.items() if state in ("done", "stopped")}
    assert {fields["gen"] for _, fields in client.xrange(JOBS)} == open_ == set(client.zrange(PLACES, 0, -1))
    assert {fields["gen"] for _, fields in client.xrange(ENDS)} == ended
    claimed = {held.job.generation for held in worker(client, "w9", idle_ms=0).claim(9)}
    assert claimed == {name for name in open_ if states[name] != "stopping"}


def test_wherever_its_file_is_cut_a_broker_has_done_each_step_or_not(
    tmp_path: Path, started: list[Broker]
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # shown when it fails
    folder, draw, client = tmp_path / "b", random.Random(seed), connect(started[0].url)
    begins = tail_of(folder).stat().st_size
    admission, claims = accepted(client, "g1", "g2", "g3", "g4"), worker(client)
    admission.cancel("g4", "ana")
    for held in claims.claim(3):
        for n in range(3):
            claims.write([(held, after(held, n), Tokens(f"{n} ", (n,)))])
        if held.job.generation == "g1":
            claims.finish(held, after(held, 3), DONE)
    admission.cancel("g2", "ana")
    logs = {name: read_log(client, name) for name in ("g1", "g2", "g3", "g4")}
    client.close()
    let_it_write(started[0])
    kill(started[0])
    ends = tail_of(folder).stat().st_size
    for n, at in enumerate(sorted(draw.sample(range(begins, ends), N_CUTS))):
        other = tmp_path / f"cut-{n}"
        shutil.copytree(folder, other, ignore=shutil.ignore_patterns("*.sock"))
        cut(other, at)
        with restarted(other) as again:
            check_steps(again, logs)


def lose_power(folder: Path, started: list[Broker], keep: Callable[[bytes], int]) -> None:
    """keep: how many bytes of its file are on the disk"""
    let_it_write(started[-1])
    kill(started[-1])
    cut(folder, keep(tail_of(folder).read_bytes()))
    started.append(start_broker(folder))


def until_piece(n: int) -> Callable[[bytes], int]:
    """The disk has what came before the n-th piece of the answer, and a part of it."""

    def end_of_it(file: bytes) -> int:
        at = 0
        for _ in range(n):
            at = file.index(b"\r\ntok\r\n", at) + 7
        return at

    return end_of_it


def test_a_worker_that_lives_writes_again_what_the_disk_has_lost(tmp_path: Path, started: list[Broker]) -> None:
    client = connect(started[0].url)
    ask(client, "g")
    with working(started[0], engine := FakeEngine(n_words=N_WORDS, words_per_s=25)):
        until(lambda: len(read_log(client, "g")) > 12)
        seen = read_log(client, "g")
        lose_power(tmp_path / "b", started, until_piece(5))
        engine.words_per_s = 0.0
        end_of(client, "g")
    log = read_log(client, "g")
    assert log[: len(seen)] == seen and [id_.seq for id_, _ in log] == list(range(1, len(log) + 1))
    assert text_of(client, "g") == WHOLE and log[-1][0].attempt == 1
    client.close()


def test_an_answer_whose_worker_went_down_too_goes_on_from_what_the_disk_has(
    tmp_path: Path, started: list[Broker]
) -> None:
    client = connect(started[0].url)
    ask(client, "g")
    (held,) = worker(client).claim(1)
    claims = Claims(client, "w1", idle_ms=10_000)
    for n in range(12):
        claims.write([(held, after(held, n), Tokens(word(n), (n,)))])
    seen = read_log(client, "g")
    lose_power(tmp_path / "b", started, until_piece(5))
    kept = read_log(client, "g")
    assert kept == seen[:5]
    time.sleep(IDLE_MS / 1000)
    with working(started[-1], FakeEngine(n_words=N_WORDS), idle_ms=IDLE_MS):
        end_of(client, "g")
    log = read_log(client, "g")
    assert log[:5] == kept and text_of(client, "g") == WHOLE and log[5][0] == EntryId(2, 6)
    client.close()
