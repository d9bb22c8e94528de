"""A bad network: a proxy between the processes of a chat and their broker. It delays, falls silent, and cuts."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CHUNK = 65_536
Way = Literal["question", "reply"]


@dataclass(eq=False, slots=True)
class Link:
    """One connection. cut: in the middle of the next question or reply; lost: half open, both ends wait in vain"""

    cut: Way | None = None
    lost: bool = False


class Network(threading.Thread):
    """Listens on 127.0.0.1:`port` and carries all to the socket of the broker at `path`.

    linger_s  a connection that is half open and that one end has left is held open to the other one for so long
    carried   replies that came through
    """

    def __init__(self, path: Path, seed: int, linger_s: float = 5.0) -> None:
        super().__init__(daemon=True)
        self.port = self.carried = 0
        self._path, self._draw, self._linger_s = path, random.Random(f"{seed} network"), linger_s
        self._links: set[Link] = set()
        self._late_until = self._silent_until = 0.0
        self._ready, self._over, self._loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()
        self.start()
        self._ready.wait()

    @classmethod
    def to(cls, broker: str, seed: int) -> Network:
        """broker: address of its socket"""
        return cls(Path(broker.removeprefix("unix://")), seed)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def delay(self, long_s: float) -> None:
        """For so long each piece is up to 0.2 s late, each way."""
        self._late_until = time.monotonic() + long_s

    def silence(self, long_s: float) -> None:
        """For so long nothing comes through; half of the connections stay half open after it."""
        self._silent_until = time.monotonic() + long_s
        self._call(self._lose)

    def cut(self, way: Way | None = None) -> None:
        """Every connection ends within its next question or reply: then the broker has done what was asked."""
        self._call(lambda: self._mark(way))

    def calm(self) -> None:
        self._late_until = self._silent_until = 0.0
        self._call(self._mend)

    def stop(self) -> None:
        self._call(self._over.set)
        self.join()

    def _call(self, do: Callable[[], None]) -> None:
        """In the thread of the connections; returns when it is done."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (do(), done.set()))
        done.wait()

    def _mend(self) -> None:
        for link in self._links:
            link.cut = None

    def _lose(self) -> None:
        for link in self._links:
            link.lost = link.lost or self._draw.random() < 0.5

    def _mark(self, way: Way | None) -> None:
        for link in self._links:
            link.cut = way or self._draw.choice(["question", "reply", "reply"])

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _carry(self, asks: StreamReader, answers: StreamWriter) -> None:
        link = Link()
        with suppress(OSError, asyncio.CancelledError):
            replies, questions = await asyncio.open_unix_connection(str(self._path))
            self._links.add(link)
            try:
                pumps = [
                    self._pump(link, "question", asks, questions),
                    self._pump(link, "reply", replies, answers),
                ]
                tasks = [asyncio.ensure_future(pump) for pump in pumps]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(self._linger_s if link.lost else 0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                self._links.discard(link)
                questions.close()
                answers.close()
        answers.close()

    async def _pump(self, link: Link, way: Way, come: StreamReader, go: StreamWriter) -> None:
        while data := await come.read(CHUNK):
            if time.monotonic() < self._late_until:
                await asyncio.sleep(self._draw.uniform(0, 0.2))
            while (left := self._silent_until - time.monotonic()) > 0:
                await asyncio.sleep(min(left, 0.05))
            if link.lost:
                continue
            if link.cut == way:
                go.write(data[: self._draw.randrange(len(data))])
                return
            self.carried += way == "reply"
            go.write(data)
            await go.drain()
