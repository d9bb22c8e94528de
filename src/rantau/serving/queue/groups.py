"""Consumer groups: every entry of a stream goes to one consumer, and to another one if that one stays silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rantau.serving.queue.connection import told_as_lost


@dataclass(frozen=True, slots=True)
class Consumer:
    """idle_ms: an entry that another consumer took and of which nobody has heard for so long is taken over"""

    client: Any
    stream: str
    group: str
    name: str
    idle_ms: int

    def prepare(self) -> None:
        """Makes stream and group; entries that came before the first consumer are not lost."""
        from redis.exceptions import ResponseError

        with told_as_lost():
            try:
                self.client.xgroup_create(self.stream, self.group, id="0-0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def take(self, count: int, *, wait_ms: int | None) -> list[tuple[str, Mapping[str, str]]]:
        """Up to `count` entries, those that another consumer dropped first.

        wait_ms  how long to wait if there is none; None = not at all
        Raises   BrokerLost
        """
        from redis.exceptions import ResponseError

        with told_as_lost():
            try:
                return self._take(count, wait_ms)
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
        self.prepare()  # the broker lost its data
        with told_as_lost():
            return self._take(count, wait_ms)

    def _take(self, count: int, wait_ms: int | None) -> list[tuple[str, Mapping[str, str]]]:
        found = self._dropped(count)
        if len(found) < count:
            found += entries_of(
                self.client.xreadgroup(
                    self.group, self.name, {self.stream: ">"}, count=count - len(found),
                    block=None if found else wait_ms,
                )
            )  # fmt: skip
        return found

    def _dropped(self, count: int) -> list[tuple[str, Mapping[str, str]]]:
        """The broker looks at ten entries for each that is asked for; a dropped one may stand behind them."""
        found: list[tuple[str, Mapping[str, str]]] = []
        at = "0-0"
        while True:
            at, dropped, _ = self.client.xautoclaim(
                self.stream, self.group, self.name, self.idle_ms, at, count=count - len(found)
            )
            found += [(entry, fields) for entry, fields in dropped if fields]
            if at == "0-0" or len(found) >= count:
                return found


def entries_of(reply: Any) -> list[tuple[str, Mapping[str, str]]]:
    """The entries of a read of one stream; the client gives a list or a dictionary, by protocol."""
    if isinstance(reply, dict):
        return [item for parts in reply.values() for part in parts for item in part]
    return [item for _, items in reply or [] for item in items]
