"""Waiting for other processes and threads: no longer than it takes, and as long as a loaded machine may need."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0


def until(true: Callable[[], Any], what: Any = "what is waited for", limit_s: float = PATIENCE_S) -> Any:
    """What `true` returns once it is true. what: for those who read that it never was"""
    over = time.monotonic() + limit_s
    while not (found := true()):
        assert time.monotonic() < over, f"{what}: not after {limit_s:.0f} s"
        time.sleep(0.01)
    return found


def state_of(process: int) -> str:
    """Its letter stands behind the name, which may hold anything. Raises   OSError"""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
