"""The promise, with real processes: workers are killed, frozen and woken, the broker is killed and started again.

Readers come and go meanwhile. What they have seen is at every moment the beginning of what is kept; every accepted
prompt ends once; nobody waits for ever. The schedule is random; its seed is printed when it fails.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rantau.serving.broker import Broker, start_broker
from rantau.serving.engines.fake import word
from rantau.serving.protocol import START, End, EntryId, Job, Tokens
from rantau.serving.queue import Admission, BrokerLost, Finals, Limits, Presence, connect, read_log
from tests.serving.test_power_cut import let_it_write

ROOT = Path(__file__).parents[2]
N_WORDS, N_PROMPTS, DISTURBED_S = 60, 40, 8.0
WHOLE = "".join(map(word, range(N_WORDS)))


def patient(ask: Any) -> Any:
    """Asks until the broker answers."""
    until = time.monotonic() + 60
    while True:
        try:
            return ask()
        except BrokerLost:
            assert time.monotonic() < until, "the broker is gone for good"
            time.sleep(0.05)


class Reader(threading.Thread):
    """Reads one log from where it was, again and again, and keeps what it saw."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(daemon=True)
        self.client, self.name_, self.text, self.ids, self.end = connect(url), name, "", list[EntryId](), None

    def run(self) -> None:
        draw = random.Random(self.name_)
        while self.end is None:
            after = self.ids[-1] if self.ids else START
            for id_, entry in patient(lambda after=after: read_log(self.client, self.name_, after)):
                assert not self.ids or (id_ > self.ids[-1] and id_.seq == self.ids[-1].seq + 1)
                self.ids.append(id_)
                self.text += entry.text if isinstance(entry, Tokens) else ""
                if isinstance(entry, End):
                    self.end = entry
                if draw.random() < 0.1:
                    break  # its connection fell in the middle of an answer
            time.sleep(draw.uniform(0, 0.05))


class House:
    """The processes of one schedule."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.draw, self.folder = random.Random(seed), folder
        self.broker: Broker = start_broker(folder)
        self.workers = {name: self.start(name) for name in ("w1", "w2", "w3")}
        self.frozen: dict[str, float] = {}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.serving.fake_worker", self.broker.url, name, str(N_WORDS), "60"],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    def disturb(self) -> None:
        name = self.draw.choice(list(self.workers))
        fate = self.draw.random()
        if fate < 0.45:
            self.workers[name].kill()
            self.workers[name].wait()
            self.workers[name] = self.start(f"{name}+")
            self.frozen.pop(name, None)
        elif fate < 0.85:
            self.workers[name].send_signal(signal.SIGSTOP)
            self.frozen[name] = time.monotonic() + 0.8
        else:
            let_it_write(self.broker)
            self.broker.process.kill()
            self.broker.process.wait()
            time.sleep(0.2)
            self.broker = start_broker(self.folder)
        for asleep in [n for n, at in self.frozen.items() if time.monotonic() > at]:
            self.workers[asleep].send_signal(signal.SIGCONT)
            del self.frozen[asleep]

    def calm(self) -> None:
        for name in self.frozen:
            self.workers[name].send_signal(signal.SIGCONT)

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait()
        self.broker.stop()


def keep(url: str, kept: dict[str, tuple[str, str]], over: threading.Event) -> None:
    """The finalizer: what has ended, and its text, once."""
    client = connect(url)
    finals = Finals(client, "f", idle_ms=100)
    patient(finals.prepare)
    while not over.is_set():
        for ended in patient(lambda: finals.take(8)):
            log = patient(lambda ended=ended: read_log(client, ended.generation))
            row = (ended.state, "".join(e.text for _, e in log if isinstance(e, Tokens)))
            assert kept.setdefault(ended.generation, row) == row
            patient(lambda ended=ended: finals.persisted(ended))
        over.wait(0.02)


@pytest.mark.timeout(180)
def test_no_token_is_lost_whoever_is_killed(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # shown when it fails
    house, draw = House(tmp_path, seed), random.Random(seed + 1)
    kept: dict[str, tuple[str, str]] = {}
    over = threading.Event()
    keeper = threading.Thread(target=keep, args=(house.broker.url, kept, over), daemon=True)
    keeper.start()
    readers: dict[str, Reader] = {}
    try:
        admission = Admission(connect(house.broker.url), limits=Limits(each_owner=99))
        while len(Presence(admission.client).all()) < len(house.workers):
            time.sleep(0.05)
        until = time.monotonic() + DISTURBED_S
        while time.monotonic() < until or not has_restarted(readers):
            if len(readers) < N_PROMPTS or len(kept) == len(readers):
                job = Job(f"g{len(readers)}", "ana", "fake", ({"role": "user", "content": "halo"},))
                assert patient(lambda job=job: admission.admit(job, message=job.generation))[1] == job.generation
                readers[job.generation] = Reader(house.broker.url, job.generation)
                readers[job.generation].start()
            if draw.random() < 0.06:
                name = draw.choice(list(readers))
                patient(lambda name=name: admission.cancel(name, "ana"))
            if draw.random() < 0.25:
                house.disturb()
            time.sleep(0.1)
        house.calm()
        limit = time.monotonic() + 60
        while len(kept) < len(readers) or any(r.is_alive() for r in readers.values()):
            assert time.monotonic() < limit, f"{len(kept)} of {len(readers)} ended, a minute after the last fault"
            time.sleep(0.05)
        check(admission.client, kept, readers)
    finally:
        over.set()
        keeper.join()  # while there is a broker: else it would ask in vain, and fail in another test
        house.close()


def has_restarted(readers: dict[str, Reader]) -> bool:
    """Whether an answer has lost its worker. A slow machine disturbs less in the same time."""
    return any(id_.attempt > 1 for reader in readers.values() for id_ in list(reader.ids))


def check(client: Any, kept: dict[str, tuple[str, str]], readers: dict[str, Reader]) -> None:
    assert sorted(kept) == sorted(readers)
    for name, (state, text) in kept.items():
        reader = readers[name]
        assert reader.end is not None and (reader.end.state, reader.text) == (state, text), name
        assert text == WHOLE if state == "done" else WHOLE.startswith(text), name
        assert state != "failed", name
    assert client.xlen("{rantau}:jobs:main") == 0
    assert client.xpending("{rantau}:jobs:main", "w")["pending"] == 0
    assert has_restarted(readers), "nothing was disturbed"
