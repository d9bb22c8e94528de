"""The database: SQLite beside the chat, or PostgreSQL by its address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from rantau.errors import RequestError, ServingError

SQLITE = {
    # a writer takes the lock when its transaction begins, so that none fails halfway; readers never wait
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: in WAL mode the default forgets commits when the power goes, and what was accepted was promised
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON",
}
SILENCE = {
    "connect_timeout": "10", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "2",
    "tcp_user_timeout": "20000",
}  # fmt: skip
"""PostgreSQL on a machine that is gone without a word is given up after 20 s. By itself the system waits a quarter
of an hour if it does not take what was sent, and two hours if it does not answer."""
POOL_SIZE, PATIENCE_S = 20, 10.0
"""PostgreSQL allows 100 connections by default: four web processes and a finalizer. Who waits longer hears it."""

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

    url      sqlite:///abs/path.db or postgresql://user:password@host:port/name; after a question mark, options of
             the library, and pool_size: connections that one process holds at most
    Raises   RequestError for anything else, without its password; if its package is missing
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path), "OPTIONS": dict(SQLITE)}
    port = _port(parts)
    if parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1 and port is not None:
        if find_spec("psycopg") is None:
            raise RequestError("PostgreSQL needs the package psycopg. Run: pip install 'rantau[postgres]'")
        options = SILENCE | dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": port,
            "CONN_HEALTH_CHECKS": True,
            "POOL_SIZE": _pool_size(options),
            "OPTIONS": options,
        }
    raise RequestError(
        f"{parts.scheme or 'nothing'}: no address of a database. Try sqlite:///abs/path.db or "
        "postgresql://user:password@host/name."
    )


LASTING = (
    "authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist", "permission denied",
    "is not permitted", "unable to open database file", "file is not a database", "readonly database",
)  # fmt: skip
"""What databases say of faults that no second try mends. PostgreSQL tells no code before it lets one in."""


def fault_of(url: str, error: Exception) -> RequestError | ServingError:
    """What a person reads of a database that cannot be used: one line, without the password.

    Returns  RequestError: it stays so until somebody mends it; ServingError: it may come back
    """
    parts = urlsplit(url)
    where = f"/{parts.path.lstrip('/')}" if parts.scheme == "sqlite" else f"{parts.hostname or ''}{parts.path}"
    said = " ".join(str(error).split())
    if parts.password:
        said = said.replace(unquote(parts.password), "...")
    if any(words in said for words in LASTING):
        return RequestError(f"the database {where} cannot be used: {said}. Mend it, or its address (--db).")
    return ServingError(f"the database {where} does not answer: {said}")


def _port(parts: SplitResult) -> str | None:
    """Empty for the usual one. None for one that is none: it may be half of a password with a slash in it"""
    try:
        return str(parts.port or "")
    except ValueError:
        return None


def pool_connections() -> None:
    """From now on this process keeps to a pool: each request has a thread, and each thread would open a connection
    of its own to PostgreSQL, which soon has no more. A process that begins does without: it wants to hear why it
    is not let in, which a pool does not tell."""
    from django.db import connections

    described = connections.settings["default"]
    if described["ENGINE"].endswith("postgresql") and find_spec("psycopg_pool"):
        connections.close_all()
        described["OPTIONS"]["pool"] = {"min_size": 1, "max_size": described["POOL_SIZE"], "timeout": PATIENCE_S}


def _pool_size(options: dict[str, str]) -> int:
    """Taken out of the options. Raises   RequestError"""
    size = options.pop("pool_size", str(POOL_SIZE))
    if not (size.isdecimal() and len(size) < 5 and int(size)):
        raise RequestError(f"pool_size={size}: it must be a whole number of connections, such as {POOL_SIZE}.")
    return int(size)
