"""Rates: how often a person may do something. The broker counts for all processes, each for itself without it."""

from __future__ import annotations

import threading
import time
from typing import Any

from rantau.serving.queue import BrokerLost
from rantau.web import broker

_here: dict[str, tuple[float, int]] = {}
_lock = threading.Lock()
MOST = 10_000


def allow(user: Any, name: str, per_minute: int) -> bool:
    return wait_s(user, name, per_minute) == 0


def wait_s(user: Any, name: str, per_minute: int) -> int:
    """Counts one time more. 0 if it is allowed, else seconds to wait."""
    return wait_for(f"{name}:{user.pk}", per_minute)


def wait_for(key: str, limit: int, *, window_s: int = 60) -> int:
    """The same for a key that is no person, such as an address."""
    try:
        return broker.rates().wait_s(key, limit, window_s=window_s)
    except BrokerLost:
        return _count_here(key, limit, window_s)


def _count_here(key: str, limit: int, window_s: int) -> int:
    now = time.monotonic()
    with _lock:
        over, n = _here.get(key, (0.0, 0))
        if now >= over:
            over, n = now + window_s, 0
        if len(_here) >= MOST:
            _here.clear()
        _here[key] = (over, n + 1)
    return max(int(over - now), 1) if n + 1 > limit else 0
