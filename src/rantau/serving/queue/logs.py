"""Logs: what was said of one generation, and what is said next. One cursor serves both, so there is no gap."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from rantau.errors import ServingError
from rantau.serving.protocol import START, End, Entry, EntryId, of_fields
from rantau.serving.queue import keys
from rantau.serving.queue.connection import told_as_lost

MOST_AT_ONCE = 256
Said = list[tuple[EntryId, Entry]]


def read_log(client: Any, generation: str, after: EntryId = START) -> Said:
    """Entries behind `after`, in order; none if the log is gone.

    Raises   BrokerLost
    """
    with told_as_lost():
        found = client.xrange(keys.log(generation), f"({after}" if after > START else "-", "+")
    return [(EntryId.of(id_), of_fields(fields)) for id_, fields in found]


async def read_whole(client: Any, generation: str) -> list[tuple[EntryId, Entry | None]]:
    """All entries, for a client of connect_async(); None stands for one that only another version can read.

    Raises   BrokerLost
    """
    with told_as_lost():
        found = await client.xrange(keys.log(generation))
    return [(EntryId.of(id_), _read(fields)) for id_, fields in found]


async def read_next(
    client: Any, after: Mapping[str, EntryId], *, wait_ms: int | None, count: int = MOST_AT_ONCE
) -> dict[str, list[tuple[EntryId, Entry | None]]]:
    """Entries of several generations behind the cursor of each; those that there are, else those that come.

    client   of connect_async(), this reader's own
    wait_ms  how long to wait while none of them has any; None = not at all
    count    at most so many of each generation
    Returns  those that have entries, in order; None stands for an entry that only another version can read
    Raises   BrokerLost
    """
    streams = {keys.log(generation): str(id_) for generation, id_ in after.items()}
    with told_as_lost():
        reply = await client.xread(streams, count=count, block=wait_ms)
    pairs = reply.items() if isinstance(reply, dict) else reply or []
    return {
        keys.generation_of(stream): [(EntryId.of(id_), _read(fields)) for id_, fields in _flat(items)]
        for stream, items in pairs
    }


def _flat(items: Any) -> list[tuple[str, Mapping[str, str]]]:
    """The client nests a stream's entries once more, by protocol."""
    return items[0] if items and isinstance(items[0], list) else items


def _read(fields: Mapping[str, str]) -> Entry | None:
    try:
        return of_fields(fields)
    except ServingError:
        return None


async def tail(
    client: Any, generation: str, after: EntryId = START, *, wait_ms: int = 5000
) -> AsyncIterator[tuple[EntryId, Entry] | None]:
    """Entries behind `after` as they come, up to the end; None each time nothing came for wait_ms.

    client  of connect_async(), this reader's own
    Raises  BrokerLost
    """
    while True:
        found = (await read_next(client, {generation: after}, wait_ms=wait_ms)).get(generation, [])
        if not found:
            yield None
        for id_, entry in found:
            after = id_
            if entry is not None:
                yield id_, entry
            if isinstance(entry, End):
                return
