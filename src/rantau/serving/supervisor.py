"""The supervisor: starts the processes of one chat, brings back what crashes, and ends all in the right order."""

from __future__ import annotations

import fcntl
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rantau import files
from rantau.errors import RequestError, ServingError
from rantau.serving.children import PATIENCE, Child, Part, Patience, Role, facts_of

TICK_S = 0.05
LOOK_S = 1.0
FACTS_FILE = "processes.json"
START_ORDER: tuple[Role, ...] = ("broker", "finalizer", "worker", "web")
"""They end the other way round: nothing new is accepted, answers end, they are kept, and last the broker ends."""


class Supervisor:
    """folder    state directory; its file processes.json tells who runs
    say       one line for people
    look      called about once a second, to see and tell what the processes do
    emptied   whether all that has ended is kept: only then, or after its drain_s, is the finalizer asked to end
    """

    def __init__(
        self, parts: Sequence[Part], folder: Path, *, say: Callable[[str], None], patience: Patience = PATIENCE,
        look: Callable[[], None] = lambda: None, emptied: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        ordered = sorted(parts, key=lambda part: START_ORDER.index(part.role))
        self.children = [Child(part, self._tell, patience) for part in ordered]
        self._folder, self._say, self._look, self._emptied = folder, say, look, emptied
        self._stops, self._looked, self._written = 0, 0.0, ""
        self._told: list[Child] = []

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP; a second one ends all at once.

        Raises   ServingError if something was given up that nothing works without; RequestError if that is for
                 what no second try mends
        """
        try:
            with self._signals():
                while not self._stops:
                    self._watch()
                    self._raise_if_lost()
                    time.sleep(TICK_S)
                self._tell("stopping: what goes on may end; once more Ctrl-C ends it now")
                self._drain()
        finally:
            for child in reversed(self.children):
                child.kill()
            (self._folder / FACTS_FILE).unlink(missing_ok=True)

    def _watch(self) -> None:
        for child in self.children:
            child.check()
        facts = files.canonical_json(facts_of(self.children))
        if facts != self._written:
            files.write_text(self._folder / FACTS_FILE, facts + "\n")
            self._written = facts
        if time.monotonic() - self._looked >= LOOK_S:
            self._looked = time.monotonic()
            self._look()

    def _raise_if_lost(self) -> None:
        """One of several workers is not missed by all; everything else is."""
        lost = [child for child in self.children if child.given_up is not None and child not in self._told]
        for child in lost:
            rest = [c for c in self.children if c.part.role == child.part.role and c.given_up is None]
            if not rest:
                raise (RequestError if child.hopeless else ServingError)(str(child.given_up))
            self._told.append(child)
            self._tell(f"{child.given_up}\n  It is given up; {len(rest)} like it go on.")

    def _drain(self) -> None:
        for role in reversed(START_ORDER):
            group = [child for child in self.children if child.part.role == role]
            if role == "finalizer":
                self._wait(self._emptied, group)
            for child in group:
                child.tell(signal.SIGTERM)
            self._wait(lambda group=group: not any(child.running for child in group), group)  # type: ignore[misc]
            for child in group:
                child.kill()
                child.given_up = child.given_up or "ended"  # nobody starts it again

    def _wait(self, done: Callable[[], bool], group: Sequence[Child]) -> None:
        """For all of the group, which do not come back; those that end later do, since they are still needed."""
        until = time.monotonic() + max((child.part.drain_s for child in group), default=0.0)
        later = [c for c in self.children if START_ORDER.index(c.part.role) < _place(group)]
        while not done() and time.monotonic() < until and self._stops < 2:
            for child in later:
                child.check()
            time.sleep(TICK_S)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._stop) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1

    def _tell(self, line: str) -> None:
        with suppress(OSError):  # the terminal may be gone; the house is not
            self._say(line)


def _place(group: Sequence[Child]) -> int:
    return START_ORDER.index(group[0].part.role) if group else 0


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Inside the block nobody else serves from this folder.

    Raises   ServingError if somebody does
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "serve.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ServingError(
                f"{folder}: another rantau serve uses this folder. Stop it first, or name another: --state DIR."
            ) from error
        yield
