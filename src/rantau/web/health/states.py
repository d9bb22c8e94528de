"""Whether an answer can be expected: the database, the broker, and a worker that is ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, connection

from rantau.errors import ServingError
from rantau.serving.queue import Presence, connect
from rantau.web.site import current

Workers = Mapping[str, Mapping[str, str]]


def quick_client() -> Any:
    """Who watches wants to know now: it does not try again."""
    return connect(current().broker, retries=0, timeout_s=2.0)


def reasons() -> list[str]:
    """Why no answer can be expected; empty if one can."""
    found = [] if database_answers() else ["database"]
    try:
        workers = workers_of(quick_client())
    except ServingError:
        return [*found, "broker"]
    if not any(w.get("state") == "ready" for w in workers.values()):
        loading = any(w.get("state") == "loading" for w in workers.values())
        found.append("workers_loading" if loading else "no_worker")
    return found


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM records_talk LIMIT 1")
    except DatabaseError:
        return False
    return True


def workers_of(client: Any) -> Workers:
    """The living workers of this site's pool.

    Raises   BrokerLost
    """
    try:
        return Presence(client).all(current().pool)
    finally:
        client.close()
