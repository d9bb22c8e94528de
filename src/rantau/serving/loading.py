"""A worker that is not ready yet: it says how far it is, and claims nothing."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType

from rantau.serving.queue import BrokerLost, Presence

EVERY_S = 2.0


class Loading:
    """Inside the block the worker is there as `loading`, with the share that is done. What it is afterwards, ready
    or gone, the worker says itself."""

    def __init__(self, presence: Presence, worker: str, *, pool: str, models: str = "", slots: int = 0) -> None:
        self._presence, self._worker = presence, worker
        self._facts: dict[str, str | int | float] = {
            "pool": pool, "state": "loading", "models": models, "slots": slots, "running": 0
        }  # fmt: skip
        self._share, self._what = 0.0, ""
        self._changed, self._over = threading.Event(), False
        self._thread = threading.Thread(target=self._say, daemon=True)

    def __enter__(self) -> Loading:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over = True
        self._changed.set()
        self._thread.join()

    def says(self, share: float, what: str) -> None:
        """share: 0..1, never less than before; what: shown to those who wait"""
        self._share, self._what = max(self._share, min(share, 1.0)), what
        self._changed.set()

    def _say(self) -> None:
        while not self._over:
            with suppress(BrokerLost):
                self._presence.say(
                    self._worker, {**self._facts, "share": round(self._share, 2), "what": self._what}
                )
            self._changed.wait(EVERY_S)
            self._changed.clear()
