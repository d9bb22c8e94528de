"""A polite end: SIGTERM asks for a checkpoint and then stops the phase."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_noted(asked: threading.Event | None = None) -> Iterator[threading.Event]:
    """An event that is set when SIGTERM arrives inside the block; elsewhere than in the main thread, never.

    asked  that event, where others set it too; None = a new one
    """
    asked = asked or threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)
