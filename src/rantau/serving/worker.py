"""A worker: takes prompts from the queue, lets an engine answer them together, and writes what it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rantau.serving.answer import Answer
from rantau.serving.engines import Ended, Engine, Heard, Refused
from rantau.serving.protocol import End, Entry, EntryId, Final, Reason, Tokens
from rantau.serving.queue import BrokerLost, Claims, Held, Presence, read_log

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
    """claims, beats: two of one name, each with a client of its own, since two threads use them."""

    def __init__(self, claims: Claims, beats: Claims, engine: Engine, pace: Pace = Pace()) -> None:
        self._claims, self._beats, self._engine, self._pace = claims, beats, engine, pace
        self._answers: dict[str, Answer] = {}
        self._lost: set[str] = set()
        self._lock = threading.Lock()
        self._stepped = time.monotonic()
        self.stopping = threading.Event()

    def run(self) -> None:
        """Until `stopping` is set and what goes on has ended, or drain_s have passed: the rest is given back."""
        self._retried(self._claims.prepare)
        done = threading.Event()
        beating = threading.Thread(target=self._beat, args=(done,), daemon=True)
        beating.start()
        try:
            self._serve()
        finally:
            done.set()
            beating.join()

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
        for answer in self._answers.values():
            self._retried(lambda held=answer.held: self._claims.release(held))

    def _claim(self) -> None:
        free = self._engine.slots - len(self._answers)
        if free <= 0:
            return
        try:
            found = self._claims.claim(free, wait_ms=None if self._answers else self._pace.wait_ms)
        except BrokerLost:
            time.sleep(0.2)
            return
        for held in found:
            self._begin(held)

    def _begin(self, held: Held) -> None:
        name = held.job.generation
        said = [e for _, e in self._retried(lambda: read_log(self._claims.client, name)) if isinstance(e, Tokens)]
        ids = [token for piece in said for token in piece.ids]
        answer = Answer(held, held.first, n_tokens=len(ids))
        try:
            begun = self._engine.submit(name, held.job, ids)
        except Refused as error:
            end = End("error", "failed", None, error.code)
            self._retried(lambda: self._claims.finish(held, answer.next_id(), end))
            return
        answer.prompt_tokens = begun.prompt_tokens
        answer.resume(begun.text, "".join(piece.text for piece in said))
        with self._lock:
            self._answers[name] = answer

    def _hear(self, heard: Iterable[Heard | Ended]) -> None:
        for what in heard:
            answer = self._answers.get(what.name)
            if answer is None:
                continue
            if isinstance(what, Heard):
                answer.hear(what.piece)
            else:
                answer.end(what.reason)

    def _write(self) -> None:
        """What is new of every answer in one round trip, then the ends."""
        with self._lock:
            lost, self._lost = self._lost, set()
        for name in lost & set(self._answers):
            self._drop(name)
        pieces: list[tuple[Held, EntryId, Entry]] = [
            (a.held, a.next_id(), piece) for a in self._answers.values() if (piece := a.take())
        ]
        for (held, _, _), said in zip(pieces, self._retried(lambda: self._claims.write(pieces)), strict=True):
            name = held.job.generation
            if said == "fenced":
                self._drop(name)
            elif said == "stopping":
                self._answers[name].end("stopped")
        self._stop_silent({held.job.generation for held, _, _ in pieces})
        for name in [name for name, answer in self._answers.items() if answer.over]:
            self._finish(name)

    def _stop_silent(self, spoken: set[str]) -> None:
        """An answer without a new piece hears of a stop too."""
        for name in set(self._answers) - spoken:
            if self._retried(lambda name=name: self._claims.state(name)) == "stopping":
                self._answers[name].end("stopped")

    def _finish(self, name: str) -> None:
        answer = self._answers[name]
        if answer.over is None:
            return
        if rest := answer.take():
            piece = (answer.held, answer.next_id(), rest)
            self._retried(lambda: self._claims.write([piece]))
        end, id_ = End(answer.over, STATE_OF[answer.over], answer.prompt_tokens), answer.next_id()
        self._retried(lambda: self._claims.finish(answer.held, id_, end))
        self._drop(name)

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
        while not done.wait(self._beats.idle_ms / 4000):
            if time.monotonic() - self._stepped > self._pace.hang_s and self._answers:
                continue
            with self._lock:
                held = [answer.held for answer in self._answers.values()]
            try:
                gone = {h.job.generation for h in self._beats.beat(held)}
                presence.say(self._beats.worker, self._facts(len(held)))
            except BrokerLost:
                continue
            with self._lock:
                self._lost |= gone

    def _facts(self, running: int) -> dict[str, str | int | float]:
        return {
            "pool": self._beats.pool,
            "state": "draining" if self.stopping.is_set() else "ready",
            "models": ",".join(self._engine.models),
            "slots": self._engine.slots,
            "running": running,
        }
