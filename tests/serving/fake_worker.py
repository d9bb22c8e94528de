"""A worker process with the engine for tests: python -m tests.serving.fake_worker URL NAME WORDS PACE."""

import signal
import sys

from rantau.serving.engines.fake import FakeEngine
from rantau.serving.queue import Claims, connect
from rantau.serving.worker import Pace, Worker

IDLE_MS = 400


def main(url: str, name: str, n_words: str, words_per_s: str) -> None:
    claims, beats = (Claims(connect(url), name, idle_ms=IDLE_MS, max_attempts=40) for _ in range(2))
    engine = FakeEngine(slots=4, n_words=int(n_words), words_per_s=float(words_per_s))
    worker = Worker(claims, beats, engine, Pace(wait_ms=100, drain_s=5))
    signal.signal(signal.SIGTERM, lambda *_: worker.stopping.set())
    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
