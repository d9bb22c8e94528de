"""A small OpenAI-compatible server in a thread: it answers by rule, and can refuse, fail or be slow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from tests.waiting import until

Reply = tuple[int, dict[str, Any]]


@dataclass
class FakeServer:
    """reply: (n-th completion from 0, body of the request) -> status and JSON; None = `answer`.

    beside   completions that have to be under way at the same time before any but the first is answered
    bodies   of all completions, in the order of their coming
    most     completions that were under way at the same time
    """

    names: tuple[str, ...] = ("dasar", "adapted")
    reply: Callable[[int, dict[str, Any]], Reply] | None = None
    beside: int = 1
    key: str | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    most: int = 0
    _going: int = 0
    _lock: Lock = field(default_factory=Lock)

    def completion(self, body: dict[str, Any]) -> Reply:
        with self._lock:
            number = len(self.bodies)
            self.bodies.append(body)
            self._going += 1
            self.most = max(self.most, self._going)
        if number:
            until(lambda: self.most >= self.beside, f"{self.beside} questions at the same time")
        with self._lock:
            self._going -= 1
        return self.reply(number, body) if self.reply else (200, answer(body))

    def handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                models = {"object": "list", "data": [{"id": name} for name in fake.names]}
                self._send(*((200, models) if self.path == "/v1/models" else (404, {"detail": "Not Found"})))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path != "/v1/completions":
                    self._send(404, {"detail": "Not Found"})
                elif fake.key and self.headers.get("Authorization") != f"Bearer {fake.key}":
                    self._send(401, {"error": {"message": "Unauthorized"}})
                else:
                    self._send(*fake.completion(body))

            def _send(self, status: int, found: dict[str, Any]) -> None:
                data = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if status == 429:
                    self.send_header("Retry-After", "3")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def answer(body: dict[str, Any], text: str = "Itu nasi.", *, reason: str = "stop") -> dict[str, Any]:
    """What vLLM says without token ids, with the seed told so that a test can see it."""
    said = f"{text} {body['seed']}" if "seed" in body else text
    usage = {"prompt_tokens": len(body["prompt"]), "completion_tokens": 4}
    return {"choices": [{"index": 0, "text": said, "finish_reason": reason}], "usage": usage}


class _Listener(ThreadingHTTPServer):
    request_queue_size = 128  # all who ask at once are let in


@contextmanager
def serving(fake: FakeServer) -> Iterator[str]:
    """The address of the fake while it listens."""
    server = _Listener(("127.0.0.1", 0), fake.handler())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
