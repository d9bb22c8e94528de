"""The database: SQLite beside the chat, or PostgreSQL by its address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from rantau.errors import ServingError

SQLITE = {
    # a writer takes the lock when its transaction begins, so that none fails halfway; readers never wait
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON",
}


_writing = threading.Lock()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes. SQLite lets one write at a time and makes the others try again and again, which
    is unfair and slow; the threads of a process wait in line instead."""
    from django.db import connection, transaction

    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    with _writing, transaction.atomic():
        yield


def database_of(url: str) -> dict[str, Any]:
    """Django's description of a database.

    url      sqlite:///abs/path.db or postgresql://user:password@host:port/name
    Raises   ServingError for anything else; it shows no password
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path), "OPTIONS": dict(SQLITE)}
    port = _port(parts)
    if parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1 and port is not None:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": port,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": dict(_query(parts.query)),
        }
    raise ServingError(
        f"{parts.scheme or 'nothing'}: no address of a database. Try sqlite:///abs/path.db or "
        "postgresql://user:password@host/name."
    )


def _port(parts: SplitResult) -> str | None:
    """Empty for the usual one. None for one that is none: it may be half of a password with a slash in it"""
    try:
        return str(parts.port or "")
    except ValueError:
        return None


def _query(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(query)
