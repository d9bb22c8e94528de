"""The broker as the web processes see it: one client a process, and the seams of the queue that they use."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from rantau.serving.queue import Admission, BrokerLost, Limits, Presence, Rates, connect
from rantau.web.site import current

PATIENCE_S = 1.5
"""A person waits for the answer: what the broker cannot take now, the sweeper brings it later."""


def client() -> Any:
    """Shared by the threads of this process."""
    return _client(current().broker, os.getpid())


@lru_cache(maxsize=8)
def _client(url: str, process: int) -> Any:  # a forked process makes its own
    return connect(url, retries=1, timeout_s=PATIENCE_S)


def admission() -> Admission:
    site = current()
    return Admission(client(), site.pool, Limits(site.limits.queue, site.limits.each_owner))


def presence() -> Presence:
    return Presence(client())


def workers() -> list[dict[str, str]]:
    """What those tell that answer this site's prompts; none if the broker does not answer."""
    try:
        return list(presence().all(current().pool).values())
    except BrokerLost:
        return []


def rates() -> Rates:
    return Rates(client())
