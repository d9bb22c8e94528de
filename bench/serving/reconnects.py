"""Pages whose connections fall again and again: python -m bench.serving.reconnects [--times 10000]

Each page reads a few pieces and its connection is cut; it comes back with its cursor. Every piece must come once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from bench.serving.chat import SOCKETS_EACH, Chat, chat
from bench.serving.figures import spread, tell

LONG_S = 3600.0


class Page:
    """A page that is cut off after some pieces. waits: from the attempt to connect to the first missed piece"""

    def __init__(self, name: str, headers: dict[str, str], seed: int) -> None:
        self.name, self.headers, self._draw = name, headers, random.Random(seed)
        self.last, self.waits, self.counts = "0-0", list[float](), Counter[str]()

    async def visit(self, url: str) -> None:
        began, left = time.monotonic(), self._draw.randint(1, 4)
        socket = await connect(url, additional_headers=self.headers, proxy=None, open_timeout=60)
        await socket.send(json.dumps({"t": "sub", "gen": self.name, "after": self.last}))
        missed = self.last != "0-0"  # at first there is nothing to miss
        while left:
            frame = json.loads(await socket.recv())
            if frame["t"] == "ev":
                if missed:
                    self.waits.append(time.monotonic() - began)
                missed = False
                left -= 1
                self._take(frame["e"])
        socket.transport.abort()

    def _take(self, entries: list[Any]) -> None:
        for id_, _ in entries:
            seq, last = int(id_.partition("-")[2]), int(self.last.partition("-")[2])
            self.counts["gaps"] += seq > last + 1
            self.counts["duplicates"] += seq <= last
            self.last = id_


async def _visit(pages: list[Page], url: str, times: int) -> None:
    left = iter(range(times))

    async def keep_visiting(page: Page) -> None:
        for _ in left:
            await page.visit(url)

    await asyncio.gather(*map(keep_visiting, pages))


def measure(made: Chat, n_pages: int, times: int, per_s: float) -> dict[str, Any]:
    people = made.people(-(-n_pages // (SOCKETS_EACH // 2)))  # a socket that was cut is counted for a moment
    headers = [made.headers(person) for person in people]
    each = SOCKETS_EACH // 2
    pages = [Page(made.generation(people[n // each]), headers[n // each], n) for n in range(n_pages)]
    connections, cpu_s, began = len(made.client.client_list()), made.cpu_s(), time.monotonic()
    command = [sys.executable, "-m", "bench.serving.writer", made.site.broker, str(per_s), str(LONG_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdin is not None
            writer.stdin.write(" ".join(page.name for page in pages))
            writer.stdin.close()
            asyncio.run(_visit(pages, made.socket, times))
        finally:
            writer.kill()
    lasted, cpu_s = time.monotonic() - began, made.cpu_s() - cpu_s
    time.sleep(3)  # the last ones are still being cleared away
    counts = sum((page.counts for page in pages), Counter[str]())
    return {
        "pages": n_pages, "reconnects": times, "gaps": counts["gaps"], "duplicates": counts["duplicates"],
        **spread([wait for page in pages for wait in page.waits]), "per_s": round(times / lasted, 1),
        "web_cpu_ms_each": round(1000 * cpu_s / times, 1),
        "left_connections": len(made.client.client_list()) - connections, "web_mib": round(made.resident_mib(), 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=16)
    parser.add_argument("--per-s", type=float, default=20)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chat(Path(folder)) as made:
        tell("reconnects", measure(made, given.pages, given.times, given.per_s), given.json)


if __name__ == "__main__":
    main()
