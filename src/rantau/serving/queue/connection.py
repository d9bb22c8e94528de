"""Connections to the broker, and the scripts that change state in one step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files as resources
from typing import Any

from rantau.errors import ServingError

RETRIES = 6


class BrokerLost(ServingError):
    """The broker does not answer, or cannot take more now. What was asked may have happened: ask again."""


@contextmanager
def told_as_lost() -> Iterator[None]:
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        raise BrokerLost(f"the broker: {error}") from error


def connect(url: str) -> Any:
    """A client for url: redis://, rediss:// or unix://. It retries while a broker restarts, about 3 s.

    Raises   ServingError if the client library is not installed, or the url is none
    """
    redis = _library()
    from redis.backoff import ExponentialBackoff
    from redis.exceptions import ConnectionError as Lost
    from redis.exceptions import TimeoutError as Late
    from redis.retry import Retry

    retry = Retry(ExponentialBackoff(cap=1, base=0.05), RETRIES)
    try:
        return redis.Redis.from_url(url, decode_responses=True, retry=retry, retry_on_error=[Lost, Late])
    except ValueError as error:
        raise _no_url(url, error) from error


def connect_async(url: str) -> Any:
    """A client for one reader: one connection of its own, never shared, since a read that is cancelled leaves its
    reply on the connection."""
    _library()
    import redis.asyncio

    try:
        return redis.asyncio.Redis.from_url(url, decode_responses=True, single_connection_client=True)
    except ValueError as error:
        raise _no_url(url, error) from error


def is_alive(client: Any) -> bool:
    """Whether the broker answers now; False while it reads its data after a start."""
    try:
        with told_as_lost():
            return bool(client.ping())
    except BrokerLost:
        return False


def _no_url(url: str, error: Exception) -> ServingError:
    return ServingError(f"{_without_password(url)}: no address of a broker ({error}). Try redis://127.0.0.1:6379.")


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _library() -> Any:
    try:
        import redis
    except ImportError as error:
        raise ServingError("serving needs the package redis. Install: pip install 'rantau[serve]'.") from error
    return redis


@lru_cache
def script(name: str) -> str:
    """Text of a script, the prelude before it."""
    folder = resources("rantau.serving.queue") / "scripts"
    return "\n".join((folder / f"{part}.lua").read_text(encoding="utf-8") for part in ("prelude", name))


def run_script(client: Any, name: str, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
    """The script's reply; it is sent whole only when the broker does not know it.

    Raises   BrokerLost
    """
    with told_as_lost():
        return client.register_script(script(name))(keys=list(keys), args=list(arguments))
