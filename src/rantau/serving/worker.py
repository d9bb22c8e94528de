"""A worker: takes prompts from the queue, lets an engine answer them together, and writes what it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rantau.serving.answer import Answer
from rantau.serving.engines import Ended, Engine, Heard, Refused
from rantau.serving.protocol import End, Final, Reason, Tokens
from rantau.serving.queue import ALIVE_S, BrokerLost, Claims, Held, Presence, Said, Torn, read_log

STATE_OF: dict[Reason, Final] = {
    "eos": "done", "length": "done", "stop": "done", "stopped": "stopped", "error": "failed"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pace:
    """write_s: pieces that come faster are written together; wait_ms: how long an idle worker waits for a prompt;
    hang_s: an engine that has made no step for so long is given up: its jobs go to others;
    drain_s: how long a worker that is stopped goes on with what it has"""

    write_s: float = 0.04
    wait_ms: int = 500
    hang_s: float = 60.0
    drain_s: float = 20.0


class Worker:
    """claims, beats: two of one name, each with a client of its own, since two threads use them.

    on_hang  called from another thread once an engine hangs: a process leaves, since nothing else ends such a call
    """

    def __init__(
        self, claims: Claims, beats: Claims, engine: Engine, pace: Pace = Pace(),
        on_hang: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._claims, self._beats, self._engine, self._pace, self._on_hang = claims, beats, engine, pace, on_hang
        self._answers: dict[str, Answer] = {}
        self._lost: set[tuple[str, int]] = set()
        self._fresh: list[Held] = []
        self._lock = threading.Lock()
        self._stepped = time.monotonic()
        self._n_tokens = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        """Until `stopping` is set and what goes on has ended, or drain_s have passed: the rest is given back.

        Raises   whatever the engine raises, after its jobs were given back
        """
        self._retried(self._claims.prepare)
        self._retried(lambda: Presence(self._claims.client).say(self._claims.worker, self._facts(0)))
        done = threading.Event()
        beating = threading.Thread(target=self._beat, args=(done,), daemon=True)
        beating.start()
        survived = False
        try:
            self._serve()
            survived = True
        finally:
            done.set()
            beating.join()
            self._leave(blame=not survived)

    def _serve(self) -> None:
        written, drained = 0.0, None
        while not self.stopping.is_set() or self._answers:
            if self.stopping.is_set():
                drained = drained or time.monotonic() + self._pace.drain_s
                if time.monotonic() > drained:
                    break
            else:
                self._claim()
            self._hear(self._engine.step() if self._answers else [])
            self._stepped = time.monotonic()
            if self._stepped - written >= self._pace.write_s or any(a.over for a in self._answers.values()):
                self._write()
                written = self._stepped

    def _leave(self, *, blame: bool) -> None:
        """Gives back what has not ended. A broker that does not answer now finds out by itself."""
        with suppress(BrokerLost):
            for n, held in enumerate(self._fresh):  # it was the first of them that ended this worker
                self._claims.release(held, blame=n == 0)
            for answer in self._answers.values():
                self._claims.release(answer.held, blame=blame and not self._fresh)
            Presence(self._claims.client).leave(self._claims.worker)

    def _claim(self) -> None:
        free = self._engine.slots - len(self._answers)
        if free <= 0:
            return
        try:
            found = self._claims.claim(free, wait_ms=None if self._answers else self._pace.wait_ms)
        except BrokerLost:
            self._stepped = time.monotonic()  # the engine waits, it does not hang
            time.sleep(0.2)
            with suppress(BrokerLost):
                self._claims.prepare()  # it may have come back with nothing
            self._stepped = time.monotonic()
            return
        self._fresh = found
        while self._fresh:
            self._begin(self._fresh[0])
            self._fresh.pop(0)

    def _begin(self, held: Held) -> None:
        name = held.job.generation
        if name in self._answers:  # it slept so long that it has claimed its own job anew
            self._drop(name)
        said = [e for _, e in self._retried(lambda: read_log(self._claims.client, name)) if isinstance(e, Tokens)]
        ids = [] if any(piece.n_unnamed for piece in said) else [token for piece in said for token in piece.ids]
        answer = Answer(held, held.first, n_tokens=sum(piece.n_tokens for piece in said))
        text = "".join(piece.text for piece in said)
        try:
            begun = self._engine.submit(name, held.job, ids, text)
        except Refused as error:
            end = End("error", "failed", None, error.code)
            self._retried(lambda: self._claims.finish(held, answer.next_id(), end))
            return
        answer.prompt_tokens, answer.digest, answer.dropped = begun.prompt_tokens, begun.digest, begun.dropped
        answer.resume(begun.text, text)
        with self._lock:
            self._answers[name] = answer

    def _hear(self, heard: Iterable[Heard | Ended]) -> None:
        for what in heard:
            answer = self._answers.get(what.name)
            if answer is None:
                continue
            if isinstance(what, Heard):
                answer.hear(what.piece)
                self._n_tokens += what.piece.n_tokens
            else:
                answer.end(what.reason, what.code)

    def _write(self) -> None:
        """What is new of every answer in one round trip, then the ends."""
        with self._lock:
            lost, self._lost = self._lost, set()
        for name in [n for n, a in self._answers.items() if (n, a.held.attempt) in lost]:
            self._drop(name)
        pieces = [piece for answer in self._answers.values() if (piece := answer.next_piece())]
        for (held, _, _), said in zip(pieces, self._retried(lambda: self._claims.write(pieces)), strict=True):
            name = held.job.generation
            state = self._mend(self._answers[name]) if said == "torn" else said
            if state == "fenced":
                self._drop(name)
            elif state == "stopping":
                self._answers[name].end("stopped")
        self._stop_silent({held.job.generation for held, _, _ in pieces})
        for name in [name for name, answer in self._answers.items() if answer.over]:
            self._finish(name)

    def _stop_silent(self, spoken: set[str]) -> None:
        """An answer without a new piece hears of a stop too, all of them in one round trip."""
        silent = [name for name in self._answers if name not in spoken]
        for name, state in zip(silent, self._retried(lambda: self._claims.states(silent)), strict=True):
            if state == "stopping":
                self._answers[name].end("stopped")

    def _finish(self, name: str) -> None:
        answer = self._answers[name]
        if answer.over is None:
            return
        if rest := answer.next_piece():
            self._retried(lambda: self._claims.write([rest]))
        end, id_ = answer.last(STATE_OF[answer.over]), answer.next_id()
        while self._is_torn(lambda: self._claims.finish(answer.held, id_, end)):
            if self._mend(answer) == "fenced":
                break
        self._drop(name)

    def _is_torn(self, finish: Callable[[], bool]) -> bool:
        try:
            self._retried(finish)
        except Torn:
            return True
        return False

    def _mend(self, answer: Answer) -> Said:
        """Writes again what the broker has lost: readers who have seen it need not know. Nobody has what is older
        than this attempt: then the answer is given back, and goes on from what there is."""
        said: Said = self._retried(lambda: self._claims.write(answer.written))[-1] if answer.written else "torn"
        if said == "torn":
            self._retried(lambda: self._claims.release(answer.held))
            return "fenced"
        return said

    def _drop(self, name: str) -> None:
        self._engine.cancel(name)
        with self._lock:
            self._answers.pop(name, None)

    def _retried(self, ask: Any) -> Any:
        """Asks until the broker answers: whatever is asked here may be asked twice."""
        while True:
            try:
                return ask()
            except BrokerLost:
                self._stepped = time.monotonic()  # the engine waits, it does not hang
                time.sleep(0.1)

    def _beat(self, done: threading.Event) -> None:
        """Keeps the jobs while the engine steps, and tells that this worker is there."""
        presence = Presence(self._beats.client)
        while not done.wait(min(self._beats.idle_ms / 4000, ALIVE_S / 4)):
            if time.monotonic() - self._stepped > self._pace.hang_s:
                self._on_hang()
                continue
            with self._lock:
                held = [answer.held for answer in self._answers.values()]
            try:
                gone = {(h.job.generation, h.attempt) for h in self._beats.beat(held)}
                presence.say(self._beats.worker, self._facts(len(held)))
            except BrokerLost:
                continue
            with self._lock:
                self._lost |= gone

    def _facts(self, running: int) -> dict[str, str | int | float]:
        models = self._engine.models
        return {
            "pool": self._beats.pool,
            "state": "draining" if self.stopping.is_set() else "ready",
            "models": ",".join(models),
            "digests": ",".join(self._engine.digests.get(model, "") for model in models),
            "slots": self._engine.slots,
            "running": running,
            "what": "",
            "tokens": self._n_tokens,
        }
