"""Logs: what was said of one generation, and what is said next. One cursor serves both, so there is no gap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from rantau.serving.protocol import START, End, Entry, EntryId, of_fields
from rantau.serving.queue import keys
from rantau.serving.queue.connection import told_as_lost
from rantau.serving.queue.groups import entries_of


def read_log(client: Any, generation: str, after: EntryId = START) -> list[tuple[EntryId, Entry]]:
    """Entries behind `after`, in order; none if the log is gone.

    Raises   BrokerLost
    """
    with told_as_lost():
        found = client.xrange(keys.log(generation), f"({after}" if after > START else "-", "+")
    return [(EntryId.of(id_), of_fields(fields)) for id_, fields in found]


async def tail(
    client: Any, generation: str, after: EntryId = START, *, wait_ms: int = 5000
) -> AsyncIterator[tuple[EntryId, Entry] | None]:
    """Entries behind `after` as they come, up to the end; None each time nothing came for wait_ms.

    client  of connect_async(), this reader's own
    Raises  BrokerLost
    """
    stream = keys.log(generation)
    while True:
        with told_as_lost():
            reply = await client.xread({stream: str(after)}, count=256, block=wait_ms)
        items = entries_of(reply)
        if not items:
            yield None
        for id_, fields in items:
            after, entry = EntryId.of(id_), of_fields(fields)
            yield after, entry
            if isinstance(entry, End):
                return
