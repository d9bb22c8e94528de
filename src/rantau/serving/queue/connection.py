"""Connections to the broker, and the scripts that change state in one step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files as resources
from typing import Any

from rantau.errors import RequestError, ServingError

RETRIES = 6
SILENT_S = 8.0
"""A broker that says nothing for so long is lost to a reader; longer than any of its waits."""


class BrokerLost(ServingError):
    """The broker does not answer, or cannot take more now. What was asked may have happened: ask again."""


class BrokerFull(BrokerLost):
    """Its memory is full: nothing was written."""


@contextmanager
def told_as_lost() -> Iterator[None]:
    """Raises   BrokerLost; RequestError for what this user of the broker may not do, which no second try mends"""
    from redis.exceptions import NoPermissionError, OutOfMemoryError, RedisError

    try:
        yield
    except NoPermissionError as error:
        raise RequestError(f"the broker: {error}. docs/serving/users.acl has what each user needs.") from error
    except OutOfMemoryError as error:
        raise BrokerFull(f"the broker: {error}") from error
    except (RedisError, OSError) as error:  # a socket's path that is gone is told as the system tells it
        raise BrokerLost(f"the broker: {error}") from error


def connect(url: str, *, retries: int = RETRIES, timeout_s: float = 5.0) -> Any:
    """A client for url: redis://, rediss:// or unix://. It retries while a broker restarts, about 3 s.

    timeout_s  a broker that is silent for so long is lost
    Raises   RequestError if the client library is not installed, or the url is none
    """
    redis = _library()
    from redis.backoff import ExponentialBackoff
    from redis.exceptions import ConnectionError as Lost
    from redis.exceptions import TimeoutError as Late
    from redis.retry import Retry

    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries)
    try:
        return redis.Redis.from_url(
            url, decode_responses=True, retry=retry, retry_on_error=[Lost, Late],
            socket_timeout=timeout_s, socket_connect_timeout=timeout_s, **_nameless(),
        )  # fmt: skip
    except ValueError as error:
        raise _no_url(url) from error


def connect_async(url: str) -> Any:
    """A client for one reader: one connection of its own, never shared, since a read that is cancelled leaves its
    reply on the connection. It does not retry: a reader knows its cursor, and asks again with a new client."""
    _library()
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    try:
        return Redis.from_url(
            url, decode_responses=True, single_connection_client=True, retry=Retry(NoBackoff(), 0),
            socket_timeout=SILENT_S, socket_connect_timeout=SILENT_S,
            protocol=2, **_nameless(),
        )  # fmt: skip
    except ValueError as error:
        raise _no_url(url) from error


def _nameless() -> dict[str, None]:
    """Says no name and version of the library: two questions less for a reader, which lives as long as a page, and
    Redis 7.0 knows no such question, so that its list of users could not allow it."""
    said = ("driver_info",) if hasattr(_library(), "DriverInfo") else ("lib_name", "lib_version")
    return dict.fromkeys(said)


def is_alive(client: Any) -> bool:
    """Whether the broker answers now; False while it reads its data after a start."""
    try:
        with told_as_lost():
            return bool(client.ping())
    except BrokerLost:
        return False


def _no_url(url: str) -> RequestError:
    """Without the library's reason: of a password with a slash in it, it quotes a half as the port."""
    return RequestError(f"{_without_password(url)}: no address of a broker. Try redis://127.0.0.1:6379.")


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _library() -> Any:
    try:
        import redis
    except ImportError as error:
        raise RequestError("serving needs the package redis. Install: pip install 'rantau[serve]'.") from error
    return redis


@lru_cache
def script(name: str) -> str:
    """Text of a script, the prelude before it."""
    folder = resources("rantau.serving.queue") / "scripts"
    return "\n".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in ("prelude", name))


def run_script(client: Any, name: str, keys: Sequence[str], arguments: Sequence[str | int | float]) -> Any:
    """The script's reply; it is sent whole only when the broker does not know it.

    Raises   BrokerLost
    """
    with told_as_lost():
        return client.register_script(script(name))(keys=list(keys), args=list(arguments))
