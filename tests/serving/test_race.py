"""Workers that die, workers that wake too late, readers that stop, finalizers that die: every accepted prompt ends
once, and its log says each token once, in order. The schedule is random, its seed is printed when it fails."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

from rantau.serving.broker import Broker
from rantau.serving.protocol import End, Entry, EntryId, Job, Tokens
from rantau.serving.queue import Admission, Claims, Finals, Held, Limits, connect, read_log

N_GENERATIONS, N_WORKERS, N_TOKENS = 150, 6, 12
IDLE_MS = 25
OWNER = "ana"


class Crowd:
    """Threads of one schedule. database: generation -> what the finalizers kept"""

    def __init__(self, url: str, seed: int, n_generations: int = N_GENERATIONS) -> None:
        self.url, self.seed, self.n_generations = url, seed, n_generations
        self.over = threading.Event()
        self.database: dict[str, tuple[str, list[tuple[EntryId, Entry]]]] = {}
        self.errors: list[BaseException] = []

    def run(self, *parts: Callable[[random.Random, Any], None]) -> None:
        def guarded(number: int) -> None:
            client = connect(self.url)
            try:
                parts[number](random.Random(f"{self.seed} {number}"), client)
            except BaseException as error:
                self.errors.append(error)
            finally:
                client.close()

        threads = [threading.Thread(target=guarded, args=(n,)) for n in range(len(parts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def work(self, draw: random.Random, client: Any) -> None:
        claims = Claims(client, f"w{draw.random()}", idle_ms=IDLE_MS, max_attempts=50)
        claims.prepare()
        while not self.over.is_set():
            for held in claims.claim(draw.randint(1, 3), wait_ms=5):
                self.answer(held, claims, draw, client)

    def answer(self, held: Held, claims: Claims, draw: random.Random, client: Any) -> None:
        """Goes on behind what earlier attempts said; may vanish, or sleep until the job is another's."""
        prefix = [e for _, e in read_log(client, held.job.generation) if isinstance(e, Tokens)]
        seq, state = held.first.seq, "running"
        for token in range(len(prefix), N_TOKENS):
            fate = draw.random()
            if fate < 0.03:
                return
            if fate < 0.06:
                time.sleep(3 * IDLE_MS / 1000)
            state = claims.write([(held, EntryId(held.attempt, seq), Tokens(f"{token} ", (token,)))])[0]
            if state == "fenced":
                return
            seq += 1
            if state == "stopping":
                break
        end = End("stopped", "stopped") if state == "stopping" else End("eos", "done", 1)
        for _ in range(draw.choice([1, 1, 2])):  # the reply to the first may have been lost
            claims.finish(held, EntryId(held.attempt, seq), end)

    def keep(self, draw: random.Random, client: Any) -> None:
        finals = Finals(client, f"f{draw.random()}", idle_ms=IDLE_MS)
        finals.prepare()
        while not self.over.is_set():
            for ended in finals.take(4, wait_ms=5):
                if draw.random() < 0.2:
                    continue  # died before the database had it
                self.database[ended.generation] = (ended.state, read_log(client, ended.generation))
                if draw.random() < 0.8:  # or died after
                    finals.persisted(ended)
            self.over.wait(0.002)

    def ask(self, draw: random.Random, client: Any) -> None:
        admission = Admission(client, limits=Limits(jobs=20, each_owner=20))
        asked: list[str] = []
        until = time.monotonic() + 60
        while len(self.database) < self.n_generations or client.xlen("{rantau}:done"):
            assert time.monotonic() < until, f"{len(self.database)} of {self.n_generations} ended within a minute"
            if len(asked) < self.n_generations:
                name = f"g{len(asked)}"
                verdict, _ = admission.admit(Job(name, OWNER, "m", ()), message=name)
                if verdict in ("accepted", "known"):  # known: the first reply was lost
                    asked.append(name)
                    if draw.random() < 0.2:
                        again = admission.admit(Job(f"{name}-twice", OWNER, "m", ()), message=name)
                        assert again == ("known", name)
            if asked and draw.random() < 0.2:
                admission.cancel(draw.choice(asked), OWNER)
            time.sleep(0.001)
        self.over.set()


def check(crowd: Crowd, client: Any) -> None:
    assert sorted(crowd.database) == sorted(f"g{n}" for n in range(crowd.n_generations))
    for name, (state, log) in crowd.database.items():
        ids, entries = zip(*log, strict=True)
        assert [i.seq for i in ids] == list(range(1, len(ids) + 1)), name
        assert list(ids) == sorted(ids), name
        ends = [e for e in entries if isinstance(e, End)]
        assert ends == [entries[-1]] and ends[0].state == state, name
        said = [token for e in entries if isinstance(e, Tokens) for token in e.ids]
        assert said == list(range(len(said))), name
        assert state in ("done", "stopped") and (state == "stopped" or len(said) == N_TOKENS), name
        assert read_log(client, name) == log, f"{name}: something was said after the end"
    assert client.xlen("{rantau}:jobs:main") == 0
    assert client.xpending("{rantau}:jobs:main", "w")["pending"] == 0
    assert client.zcard(f"{{rantau}}:inflight:{OWNER}") == 0


def test_every_prompt_ends_once_whoever_dies(client: Any, server: Broker) -> None:
    seed = random.randrange(10**6)
    crowd = Crowd(server.url, seed)
    crowd.run(crowd.ask, crowd.keep, crowd.keep, *[crowd.work] * N_WORKERS)
    assert not crowd.errors, (seed, crowd.errors)
    check(crowd, client)
    states = [state for state, _ in crowd.database.values()]
    restarts = [i.attempt for _, log in crowd.database.values() for i, _ in log]
    assert max(restarts) > 1 and {"done", "stopped"} == set(states), f"seed {seed} disturbed nothing"
