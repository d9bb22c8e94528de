"""Tabs: browsers of people, as programs. They ask, read every way there is, lose the connection, and come back."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any, Literal, TypeVar

from rantau.serving.protocol import FINAL, START, EntryId

T = TypeVar("T")
Way = Literal["socket", "events", "poll"]
WAYS: tuple[Way, ...] = ("socket", "socket", "socket", "events", "poll")
PATIENCE_S, TIMEOUT_S = 180.0, 5.0
BROKEN = (OSError, HTTPException, TimeoutError)


class Unavailable(Exception):
    """The site does not answer now; a page would try again."""


@dataclass
class Asked:
    """A prompt that was accepted, and what its reader saw of the answer, by whatever way it came.

    times: of each entry of ids, on the monotonic clock"""

    client_id: str
    mark: str
    talk: str
    message: str
    generation: str
    ids: list[EntryId] = field(default_factory=list)
    text: str = ""
    end: dict[str, Any] | None = None
    stopped: bool = False
    wrong: str | None = None
    accepted: float = field(default_factory=time.monotonic)
    times: list[float] = field(default_factory=list)

    @property
    def after(self) -> EntryId:
        return self.ids[-1] if self.ids else START

    def see(self, id_: str, event: dict[str, Any]) -> None:
        """Each entry once, in order, none left out."""
        at = EntryId.of(id_)
        if at <= self.after or at.seq != self.after.seq + 1:
            self.wrong = self.wrong or f"{at} came after {self.after}"
        self.ids.append(at)
        self.times.append(time.monotonic())
        if event["k"] == "tok":
            self.text += event["t"]
        elif event["k"] == "end":
            self.end = event

    def see_kept(self, final: Mapping[str, Any]) -> None:
        """Its log is gone: the message as it is kept tells all. Raises   Unavailable if it has no end yet"""
        if final.get("state") not in FINAL:
            raise Unavailable(f"{self.generation}: neither its log nor its end is there")
        if not final["text"].startswith(self.text):
            self.wrong = self.wrong or "the kept text begins otherwise"
        self.text, self.end = final["text"], {"k": "end", "s": final["state"]}


class Tab(threading.Thread):
    """Asks one prompt after the other until `over`. n_...: of connections, for reports; headers: of a session"""

    def __init__(self, address: str, number: int, seed: int, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.address, self.number, self._over = address.rstrip("/"), number, over
        self._draw = random.Random(f"{seed} {number}")
        self._web = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._token, self._talk, self._last = "", "", None
        self.asked: list[Asked] = []
        self.headers: dict[str, str] = {}
        self.n_reads = self.n_twice = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._over.is_set():
                self._one()
        except BaseException as error:
            self.error = error

    def _one(self) -> None:
        if not self._talk or self._draw.random() < 0.1:
            self._talk, self._last = self.patiently("POST", "/api/talks", {"mode": "single"})["id"], None
        asked = self._ask(f"{self.number}-{len(self.asked)}")
        self.asked.append(asked)
        if self._draw.random() < 0.15:
            time.sleep(self._draw.uniform(0, 0.5))
            self.patiently("POST", f"/api/generations/{asked.generation}/stop", {})
            asked.stopped = True
        if self._draw.random() < 0.1:
            return  # the tab is closed; the answer is kept all the same
        self.read(asked)

    def _ask(self, client_id: str) -> Asked:
        """The same message, if need be again and again, until it is accepted."""
        mark = f"m{client_id.replace('-', 'x')}_"
        body = {"client_id": client_id, "text": f"halo #{mark}", "parent": self._last}
        path = f"/api/talks/{self._talk}/messages"
        told = self.patiently("POST", path, body)
        if self._draw.random() < 0.2:
            self.n_twice += 1
            again = self.patiently("POST", path, body)
            assert again["message"]["id"] == told["message"]["id"], "a message that was sent twice is two"
            assert [a["id"] for a in again["answers"]] == [a["id"] for a in told["answers"]]
        (answer,) = told["answers"]
        self._last = answer["id"]
        return Asked(client_id, mark, self._talk, answer["id"], answer["generation"])

    def read(self, asked: Asked, patience_s: float = PATIENCE_S) -> None:
        """To the end, over one connection after the other."""
        until = time.monotonic() + patience_s
        while asked.end is None:
            assert time.monotonic() < until, f"{asked.generation}: no end in {patience_s:.0f} s"
            self.n_reads += 1
            way = self._draw.choice(WAYS)
            left = self._draw.choice([1, 2, 5, 20, 1000])  # events after which the connection falls
            with suppress(*BROKEN, Unavailable):
                for id_, event in getattr(self, f"_by_{way}")(asked):
                    asked.see(id_, event)
                    left -= 1
                    if asked.end is not None or left <= 0:
                        break
            time.sleep(self._draw.uniform(0, 0.1))

    def _by_socket(self, asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        try:
            with connect(
                f"ws{self.address.removeprefix('http')}/ws/v1", origin=self.address, open_timeout=TIMEOUT_S,  # type: ignore[arg-type]
                close_timeout=0.2, proxy=None, additional_headers=self.headers,
            ) as socket:  # fmt: skip
                socket.send(json.dumps({"t": "sub", "gen": asked.generation, "after": str(asked.after)}))
                while True:
                    frame = json.loads(socket.recv(timeout=TIMEOUT_S))
                    if frame["t"] == "ev":
                        yield from frame["e"]
                    elif frame["t"] == "gone":
                        asked.see_kept(frame["final"])
                        return
        except WebSocketException as error:
            raise Unavailable(str(error)) from error

    def _by_events(self, asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
        headers = {"Last-Event-ID": str(asked.after)} if asked.ids else {}
        request = self._request("GET", f"/api/generations/{asked.generation}/events", None, headers)
        id_ = kind = ""
        with self._web.open(request, timeout=TIMEOUT_S) as stream:
            for raw in stream:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name == "id":
                    id_ = value
                elif name == "event":
                    kind = value
                elif name == "data" and kind == "gone":
                    asked.see_kept(json.loads(value)["final"])
                    return
                elif name == "data" and id_:
                    yield id_, json.loads(value)
                    id_ = ""

    def _by_poll(self, asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
        while True:
            told = self.ask("GET", f"/api/generations/{asked.generation}?after={asked.after}&wait=1")
            yield from told["e"]
            if "final" in told:
                asked.see_kept(told["final"])
            if not told["e"]:
                return

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Raises   Unavailable, or what the network raises"""
        try:
            with self._web.open(self._request(method, path, body, {}), timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace")[:300]
            if error.code >= 500 or error.code == 429 or '"unfinished"' in said:
                raise Unavailable(f"{error.code} {said}") from error
            raise AssertionError(f"{method} {path}: {error.code} {said}") from error

    def patiently(self, method: str, path: str, body: Any = None) -> Any:
        return patiently(lambda: self._with_token(method, path, body), self._draw)

    def _with_token(self, method: str, path: str, body: Any) -> Any:
        if method != "GET" and not self._token:
            self._token = self.ask("GET", "/api/me")["csrf"]
        return self.ask(method, path, body)

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str]) -> urllib.request.Request:
        data = None if body is None else json.dumps(body).encode()
        more = {"Content-Type": "application/json", "X-CSRFToken": self._token, "Origin": self.address}
        return urllib.request.Request(
            f"{self.address}{path}", data, {**more, **self.headers, **headers}, method=method
        )


def patiently(ask: Callable[[], T], draw: random.Random) -> T:
    """Again and again, as a page does."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except (*BROKEN, Unavailable) as error:
            assert time.monotonic() < until, f"the site does not come back: {error}"
            time.sleep(draw.uniform(0.02, 0.3))
