"""The server behind an address: what is known to be wrong with it, told once at the start."""

from __future__ import annotations

from typing import Any

from rantau.errors import RequestError
from rantau.serving.queue.connection import BrokerLost, told_as_lost

Version = tuple[int, ...]
OLDEST: Version = (7, 0)
"""Of Redis, or of what Valkey is like: XAUTOCLAIM tells since then which entries are gone."""


def check_server(client: Any) -> None:
    """Raises   RequestError for what no second try mends: a wrong password, a server too old; BrokerLost"""
    from redis.exceptions import AuthenticationError, NoPermissionError

    try:
        with told_as_lost():
            facts = client.info("server")
    except RequestError as error:
        if isinstance(error.__cause__, NoPermissionError):  # it may not ask; the chat has
            return
        raise
    except BrokerLost as error:
        if isinstance(error.__cause__, AuthenticationError):
            raise RequestError(
                f"the broker lets nobody in by this name and password ({error.__cause__}). Mend the address."
            ) from error
        raise
    if _version(str(facts["redis_version"]))[:2] < OLDEST:
        raise RequestError(
            f"the broker is {facts.get('server_name', 'redis')} {facts['redis_version']}, which is too old. Use "
            "Redis 7.0 or newer, or Valkey."
        )


def warnings_of(client: Any) -> list[str]:
    """Sentences for the people who run it; none for a server that keeps what it is told.

    Raises   BrokerLost
    """
    with told_as_lost():
        facts = client.info("server")
        found = [_faults(str(facts.get("server_name", "redis")), _version(str(facts["redis_version"])))]
        found += [_open(client)]
        found += [_kept(client, name, good, why) for name, good, why in SETTINGS]
    return [sentence for sentence in found if sentence]


SETTINGS = (
    ("maxmemory-policy", "noeviction", "a full broker would forget prompts that it has accepted"),
    ("appendonly", "yes", "a broker that is killed would forget what it has accepted"),
)


def _faults(server: str, version: Version) -> str:
    """Redis alone: Valkey tells the version of Redis that it is like.

    Source   CVE-2025-49844 (scripts), CVE-2026-23479 (readers that wait)
    """
    if server != "redis":
        return ""
    shown = ".".join(map(str, version))
    if version < (6, 2, 20):
        return f"Redis {shown} has known faults in scripts (CVE-2025-49844). Use 6.2.20 or newer, or Valkey."
    if (7, 0, 0) <= version < (7, 2, 0):
        return (
            f"Redis {shown} has known faults in scripts (CVE-2025-49844), unless your system has mended it. Use "
            "8.6.3 or newer, or Valkey."
        )
    if (7, 2, 0) <= version <= (8, 6, 2):
        return (
            f"Redis {shown} may have a known fault with readers that wait (CVE-2026-23479), unless your system "
            "has mended it. Use 8.6.3 or newer, or Valkey."
        )
    return ""


def _open(client: Any) -> str:
    """A socket is guarded by its file."""
    known = client.connection_pool.connection_kwargs
    if "path" in known or known.get("password"):
        return ""
    return f"{known.get('host', 'the broker')} asks for no password: whoever reaches it reads all talks. Set one."


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def _kept(client: Any, name: str, good: str, why: str) -> str:
    """Nothing also where nobody may ask: managed servers often hide their settings."""
    from redis.exceptions import ResponseError

    try:
        value = client.config_get(name).get(name, good)
    except ResponseError:
        return ""
    return "" if value == good else f"the broker has {name} {value}: {why}. Set {name} {good}."
