"""Fifty tabs of one person that are loaded anew at once, while an answer is being written."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench.serving.tabs import BROKEN, Asked, Tab, Unavailable

from rantau.serving.protocol import EntryId
from rantau.web.delivery.limits import SOCKETS_EACH
from tests.web.playing import Player
from tests.web.running import Web, asked

N_TABS, WARM = 50, 10
WAYS = ("socket", "events", "poll")


class Page(Tab):
    """Comes by a socket; where none is free by a stream, and where none is free by polling, as the page does."""

    def __init__(self, web: Web, headers: dict[str, str], name: str, talk: str, storm: threading.Barrier) -> None:
        super().__init__(web.url, 0, 0, threading.Event())
        self.headers, self.name_, self.talk, self.storm = headers, name, talk, storm
        self.before, self.seen = self.load(), self.load()
        self.ways: set[str] = set()

    def load(self) -> Asked:
        return Asked("c", "m", self.talk, "a", self.name_)

    def run(self) -> None:
        try:
            self.follow(self.before, lambda: len(self.before.ids) > 2)
            self.storm.wait(60)
            rows = self.patiently("GET", f"/api/talks/{self.talk}")["messages"]
            assert [row["generation"] for row in rows][-1:] == [self.name_]
            self.ways.clear()
            self.follow(self.seen, lambda: self.seen.end is not None)
        except BaseException as error:
            self.error = error

    def follow(self, seen: Asked, enough: Callable[[], bool]) -> None:
        ways = list(WAYS)
        while not enough():
            try:
                for id_, event in getattr(self, f"_by_{ways[0]}")(seen):
                    self.ways.add(ways[0])
                    seen.see(id_, event)
                    if enough():
                        return
            except (*BROKEN, Unavailable):
                ways = ways[1:] or ways
                time.sleep(0.05)


def storm(web: Web, owner: Any, player: Player, n_tabs: int) -> tuple[str, list[Page]]:
    """Pieces come until everybody has read some after the storm. Returns   the whole text, and the pages"""
    made = asked(owner)
    name, barrier, headers = str(made.id), threading.Barrier(n_tabs), {"Cookie": web.cookies(owner)}
    pages = [Page(web, headers, name, str(made.message.talk_id), barrier) for _ in range(n_tabs)]
    whole, until = "", time.monotonic() + 120
    for page in pages:
        page.start()
    while not all(page.error or len(page.seen.ids) > 2 for page in pages):
        assert time.monotonic() < until
        piece = f"kata {len(whole)} "
        player.say(name, piece)
        whole += piece
        time.sleep(0.2)
    player.end(name)
    for page in pages:
        page.join(60)
    assert [page.error for page in pages if page.error] == []
    return whole, pages


def held(web: Web, queue: Any) -> tuple[int, int]:
    """Open files of the web process, and connections of the broker.

    Without those of the database: SQLite keeps what it has closed for its next connections.
    """
    assert web.process is not None
    names = [os.path.realpath(path) for path in Path(f"/proc/{web.process.pid}/fd").iterdir()]
    return sum("chat.db" not in name for name in names), len(queue.client_list())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts the open files of a process in /proc")
def test_fifty_tabs_that_are_loaded_anew_at_once(web: Web, owner: Any, queue: Any, player: Player) -> None:
    storm(web, owner, player, WARM)
    time.sleep(0.5)
    before = held(web, queue)
    whole, pages = storm(web, owner, player, N_TABS)
    for page in pages:
        assert page.before.wrong is None and page.seen.wrong is None
        assert page.seen.text == whole and whole.startswith(page.before.text)
        assert page.seen.ids[0] == EntryId(1, 1) and page.seen.end is not None and page.seen.end["s"] == "done"
    by_socket = sum("socket" in page.ways for page in pages)
    assert by_socket <= SOCKETS_EACH
    assert sum("poll" in page.ways for page in pages) >= N_TABS - 2 * SOCKETS_EACH
    until = time.monotonic() + 60
    while (now := held(web, queue))[0] > before[0] or now[1] > before[1]:
        assert time.monotonic() < until, f"files and connections: {before} before, {now} after"
        time.sleep(0.1)
