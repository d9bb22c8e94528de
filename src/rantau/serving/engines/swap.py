"""Engines that are exchanged while they answer: a new adapter is loaded beside the old one, takes the prompts that
come from then on, and the old one is closed when its last answer has ended.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from rantau.serving.engines.engine import Begun, Ended, Engine, Heard
from rantau.serving.engines.several import SeveralEngines
from rantau.serving.protocol import Job

log = logging.getLogger(__name__)


class SwappingEngines(SeveralEngines):
    """`load` and `unload` may be called from any thread, all else from one."""

    def __init__(self, engines: Sequence[Engine], *, slots: int) -> None:
        super().__init__(engines, slots=slots)
        self._lock = threading.RLock()
        self._retired: list[Engine] = []
        self._threads: list[threading.Thread] = []
        self.closed = threading.Event()

    def load(self, build: Callable[[], Engine]) -> threading.Thread:
        """Builds an engine on a thread of its own, then lets it answer for its models in the place of whoever did.
        If it cannot be built all stays as it was, and the log says why."""

        def work() -> None:
            try:
                engine = build()
            except Exception:
                log.exception("a new revision cannot be loaded; the one before it answers on")
                return
            self._put(engine)

        return self._begin(work)

    def unload(self, model: str) -> None:
        """New prompts for it are refused; what it has begun it ends."""
        with self._lock:
            self._retire(self._by_model.pop(model, None))

    def _put(self, engine: Engine) -> None:
        with self._lock:
            before = {self._by_model.get(model): None for model in engine.models}
            self._by_model |= dict.fromkeys(engine.models, engine)
            for one in before:
                self._retire(one)

    def _retire(self, engine: Engine | None) -> None:
        self.models = tuple(self._by_model)
        if engine is not None and engine not in self._by_model.values():
            self._retired.append(engine)
        self._close_retired()

    def _close_retired(self) -> None:
        """Closing may take a while: it is not for the thread that answers."""
        for engine in [one for one in self._retired if one not in self._going.values()]:
            self._retired.remove(engine)
            self._begin(engine.close)

    def _begin(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        with self._lock:
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()
        return thread

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        with self._lock:
            return super().submit(name, job, said, text)

    def step(self) -> list[Heard | Ended]:
        with self._lock:
            engines = list(dict.fromkeys(self._going.values()))
        heard = [what for engine in engines for what in engine.step()]
        with self._lock:
            for what in heard:
                if isinstance(what, Ended):
                    self._going.pop(what.name, None)
            self._close_retired()
        return heard

    def cancel(self, name: str) -> None:
        with self._lock:
            super().cancel(name)
            self._close_retired()

    def close(self) -> None:
        self.closed.set()
        with self._lock:
            threads, self._going = self._threads, {}
            self._close_retired()
        for thread in [*threads, *self._threads]:
            thread.join()
        super().close()
