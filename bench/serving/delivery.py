"""How long a piece takes from the worker's write to the page: python -m bench.serving.delivery [--streams 100]

One web process; broker, writer and pages are processes of their own on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from bench.serving.chat import SOCKETS_EACH, Chat, chat
from bench.serving.figures import spread, tell

WARM_UP_S = 2.0


class Page:
    """One socket that follows one answer."""

    def __init__(self, name: str, headers: dict[str, str]) -> None:
        self.name, self.headers = name, headers
        self.waits: list[tuple[float, float]] = []
        self.n_wrong = self._seq = 0

    async def read(self, url: str, seconds: float) -> None:
        async with asyncio.timeout(seconds), connect(url, additional_headers=self.headers, proxy=None) as socket:
            await socket.send(json.dumps({"t": "sub", "gen": self.name, "after": "0-0"}))
            while not self._take(json.loads(await socket.recv())):
                pass

    def _take(self, frame: dict[str, Any]) -> bool:
        """Whether it was the end."""
        now = time.monotonic_ns()
        for id_, event in frame.get("e", ()):
            seq = int(id_.partition("-")[2])
            self.n_wrong += seq != self._seq + 1
            self._seq = seq
            if event["k"] == "end":
                return True
            written = int(event["t"])
            self.waits.append((written / 1e9, (now - written) / 1e9))
        return False


def measure(made: Chat, n_streams: int, per_s: float, seconds: float) -> dict[str, Any]:
    people = made.people(-(-n_streams // SOCKETS_EACH))
    headers = [made.headers(person) for person in people]
    names = [made.generation(people[n // SOCKETS_EACH]) for n in range(n_streams)]
    pages = [Page(name, headers[n // SOCKETS_EACH]) for n, name in enumerate(names)]
    before_mib, cpu_s, began = made.resident_mib(), made.cpu_s(), time.monotonic()
    command = [sys.executable, "-m", "bench.serving.writer", made.site.broker, str(per_s), str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        writer.stdin.write(" ".join(names))
        writer.stdin.close()
        asyncio.run(_read(pages, made.socket, seconds + 60))
    lasted = time.monotonic() - began
    first = min(at for page in pages for at, _ in page.waits) + WARM_UP_S
    waits = [wait for page in pages for at, wait in page.waits if at >= first]
    return {
        "streams": n_streams, "per_s": per_s, "n": len(waits), **spread(waits),
        "wrong": sum(page.n_wrong for page in pages), "before_mib": round(before_mib, 1),
        "web_mib": round(made.resident_mib(), 1), "web_cpu": round((made.cpu_s() - cpu_s) / lasted, 2),
    }  # fmt: skip


async def _read(pages: list[Page], url: str, seconds: float) -> None:
    await asyncio.gather(*(page.read(url, seconds) for page in pages))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=[100])
    parser.add_argument("--per-s", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chat(Path(folder)) as made:
        for n_streams in given.streams:
            made.empty()
            tell("delivery", measure(made, n_streams, given.per_s, given.seconds), given.json)


if __name__ == "__main__":
    main()
