"""The process that keeps the promise: it finalizes, sweeps and forgets, and outlives broker and database."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import Error, close_old_connections

from rantau.serving.queue import Admission, BrokerLost, Claims, Finals, Limits, connect
from rantau.web.identity import settle
from rantau.web.site import Site
from rantau.web.upkeep.deserted import Deserted
from rantau.web.upkeep.finalizer import keep
from rantau.web.upkeep.outbox import Outbox
from rantau.web.upkeep.retention import forget

log = logging.getLogger(__name__)
LAST_RESORT = "nobody"
"""Name under which prompts are taken that no worker takes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """wait_ms: how long it waits for an end; sweep_s: between two sweeps; idle_ms: after so long it takes over a
    note that another finalizer took and did not settle; the others as in Outbox and Deserted"""

    wait_ms: int = 500
    sweep_s: float = 2.5
    forget_s: float = 3600.0
    idle_ms: int = 5000
    admit_after_s: float = 5.0
    lost_after_s: float = 15.0
    deserted_s: float = 120.0


def run_forever(site: Site, pace: Pace = Pace()) -> None:
    """Until SIGTERM or Ctrl-C; what it has taken is settled first."""
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    run(site, stopping, pace)


def run(site: Site, stopping: threading.Event, pace: Pace = Pace()) -> None:
    client = connect(site.broker)
    finals = Finals(client, f"finalizer-{socket.gethostname()}", pace.idle_ms)
    chores = _chores(site, client, pace)
    prepared = False
    while not stopping.is_set():
        try:
            if not prepared:
                settle(client, site)
                finals.prepare()
                prepared = True
            keep(finals, client, wait_ms=pace.wait_ms)
            for chore in chores:
                chore.maybe()
        except BrokerLost:
            prepared = False  # it may come back empty
            stopping.wait(0.2)
        except Error as error:
            log.warning("the database does not answer", extra={"code": type(error).__name__})
            stopping.wait(0.5)
        close_old_connections()
    client.close()


@dataclass
class Chore:
    every_s: float
    do: Callable[[], Any]
    due: float = 0.0

    def maybe(self) -> None:
        if time.monotonic() >= self.due:
            self.do()
            self.due = time.monotonic() + self.every_s


def _chores(site: Site, client: Any, pace: Pace) -> list[Chore]:
    limits = Limits(site.limits.queue, site.limits.each_owner)
    outbox = Outbox(Admission(client, site.pool, limits), pace.admit_after_s, pace.lost_after_s)
    deserted = Deserted(Claims(client, LAST_RESORT, site.pool), pace.deserted_s)
    return [
        Chore(pace.sweep_s, lambda: settle(client, site)),
        Chore(pace.sweep_s, outbox.sweep),
        Chore(pace.sweep_s, deserted.clear),
        Chore(pace.forget_s, forget),
    ]
