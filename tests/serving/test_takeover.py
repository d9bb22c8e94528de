"""Jobs of workers that died: which others have them next, and whose fault it was."""

import threading
from contextlib import suppress
from typing import Any

from rantau.serving.broker import Broker
from rantau.serving.engines.fake import DEADLY, FakeEngine
from rantau.serving.queue import Admission, Claims, connect
from rantau.serving.worker import Pace, Worker
from tests.serving.test_queue import PATIENT_MS, accepted, worker
from tests.serving.test_worker import ask, end_of, text_of
from tests.waiting import until

N_HELD = 25
TRIES = 2


def test_a_dropped_job_behind_many_held_ones_is_taken_over(client: Any) -> None:
    accepted(client, *(f"g{n}" for n in range(N_HELD + 1)))
    busy, dead, free = (worker(client, name) for name in ("busy", "dead", "free"))
    held = busy.claim(N_HELD)
    (dropped,) = dead.claim(1)
    client.xclaim("{rantau}:jobs:main", "w", "dead", 0, [dropped.entry], idle=2 * PATIENT_MS, justid=True)
    assert [one.job.generation for one in free.claim(1)] == [dropped.job.generation]
    assert busy.beat(held) == [] and free.claim(9) == []


def begun(server: Broker, name: str, engine: FakeEngine) -> tuple[Worker, threading.Thread]:
    """A worker that a deadly prompt ends, as a process would end."""

    def run() -> None:
        with suppress(SystemExit):
            made.run()

    claims, beats = (Claims(connect(server.url), name, idle_ms=PATIENT_MS, max_attempts=TRIES) for _ in range(2))
    made = Worker(claims, beats, engine, Pace(wait_ms=20))
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return made, thread


def test_a_prompt_that_ends_workers_takes_no_other_with_it(client: Any, server: Broker) -> None:
    ask(client, "long")
    _, thread = begun(server, "w0", FakeEngine(n_words=10_000, words_per_s=20))
    until(lambda: text_of(client, "long"))
    ask(client, "deadly", DEADLY)
    thread.join()
    for n in range(1, TRIES):
        begun(server, f"w{n}", FakeEngine())[1].join()
    last, thread = begun(server, "last", FakeEngine(n_words=200))
    assert (end_of(client, "deadly").code, end_of(client, "long").reason) == ("poison", "eos")
    assert Admission(client).state("long") == "done"
    last.stopping.set()
    thread.join()
