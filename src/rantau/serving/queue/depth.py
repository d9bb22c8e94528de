"""Depth: how much waits and how much is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rantau.serving.queue import keys
from rantau.serving.queue.connection import told_as_lost


@dataclass(frozen=True, slots=True)
class Load:
    """waiting       prompts that no worker has taken
    running       prompts that a worker has
    oldest_s      how long the first of the waiting ones has waited
    not_kept      ended generations that the database has not yet
    memory_bytes  of the broker, all in all
    """

    waiting: int
    running: int
    oldest_s: float
    not_kept: int
    memory_bytes: int


def load(client: Any, pool: str = "main") -> Load:
    """Raises   BrokerLost"""
    stream = keys.jobs(pool)
    with told_as_lost():
        groups = client.xinfo_groups(stream) if client.exists(stream) else []
        group = next((g for g in groups if g["name"] == keys.WORKERS), None)
        taken = group["last-delivered-id"] if group else "0-0"
        running = group["pending"] if group else 0
        first = client.xrange(stream, f"({taken}", "+", count=1)
        seconds, micros = client.time()
        n_jobs, not_kept = client.xlen(stream), client.xlen(keys.done())
        memory = int(client.info("memory").get("used_memory", 0))
    oldest_s = max(seconds + micros / 1e6 - int(first[0][0].partition("-")[0]) / 1000, 0.0) if first else 0.0
    return Load(max(n_jobs - running, 0), running, oldest_s, not_kept, memory)
