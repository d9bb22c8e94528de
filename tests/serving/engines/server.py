"""A server of OpenAI's protocol that answers always the same, and does what a test tells it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Behaviour:
    """answer: token ids; decode: of them; and what goes wrong, each as often as it says

    cut        the line breaks after so many pieces, once for each number
    status     is answered instead, once for each
    odd        lines that stand among the events
    waits      before the event `waits_at` it says nothing of the answer, until this is set
    drips      the list of models comes byte by byte, until this is set; list_bytes: of a name in it
    """

    answer: Sequence[int]
    decode: Any
    stop: int | None = None
    cut: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    odd: bytes = b""
    tells_ids: bool = True
    kind: str = "text/event-stream"
    waits: threading.Event | None = None
    waits_at: int = 3
    location: str = ""
    drips: threading.Event | None = None
    list_bytes: int = 1
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def begun(self, body: dict[str, Any]) -> int:
        """How much of the answer the request brings along."""
        if "prompt" in body:
            prompt = body["prompt"]
            ends = [n for n in range(1, len(self.answer) + 1) if prompt[-n:] == list(self.answer[:n])]
            return max(ends, default=0)
        if not body.get("continue_final_message"):
            return 0
        text = body["messages"][-1]["content"]
        return next(n for n in range(len(self.answer) + 1) if self.decode(self.answer[:n]) == text)

    def events(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        at, chat = self.begun(body), "messages" in body
        for n, token in enumerate(self.answer[at : at + body["max_tokens"]], start=at):
            text = self.decode(self.answer[: n + 1])[len(self.decode(self.answer[:n])) :]
            yield _event(chat, text, token if self.tells_ids else None)
        length = len(self.answer) > at + body["max_tokens"]
        last = None if length or not self.tells_ids else self.stop
        yield _event(chat, "", last, "length" if length else "stop")
        usage = {"prompt_tokens": 9, "completion_tokens": len(self.answer) - at}
        yield {"object": "chat.completion.chunk" if chat else "text_completion", "choices": [], "usage": usage}


def _event(chat: bool, text: str, token: int | None, reason: str | None = None) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "finish_reason": reason}
    choice |= {"delta": {"content": text}} if chat else {"text": text}
    if token is not None and not chat:
        choice["token_ids"] = [token]
    return {"object": "chat.completion.chunk" if chat else "text_completion", "choices": [choice]}


@contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Yields its address. tls: with the server's certificate"""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            behaviour.headers.append(dict(self.headers))
            if behaviour.drips is not None:
                self._drip(behaviour.drips)
                return
            models = [{"id": "adapted"}, {"id": "base"}, {"id": "x" * behaviour.list_bytes}]
            self._plain(302 if behaviour.location else 200, {"object": "list", "data": models})

        def _drip(self, over: threading.Event) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            with suppress(OSError):
                while not over.wait(0.02):
                    self.wfile.write(b"a")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            behaviour.bodies.append(body)
            behaviour.headers.append(dict(self.headers))
            if behaviour.status:
                self._plain(behaviour.status.pop(0), {"error": {"message": "not now"}})
                return
            self.send_response(200)
            self.send_header("Content-Type", behaviour.kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                self._stream(body)
            except (BrokenPipeError, ConnectionResetError):
                behaviour.gone.set()

        def _stream(self, body: dict[str, Any]) -> None:
            cut = behaviour.cut.pop(0) if behaviour.cut else None
            for n, event in enumerate(behaviour.events(body)):
                if n == cut:
                    self.close_connection = True
                    self.connection.close()
                    return
                if behaviour.waits is not None and n == behaviour.waits_at:
                    while not behaviour.waits.wait(0.02):
                        self._chunk(b": still here\n\n")
                self._chunk(behaviour.odd + b"data: " + json.dumps(event).encode() + b"\n\n")
            self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _plain(self, status: int, found: Any) -> None:
            data = json.dumps(found).encode()
            self.send_response(status)
            if behaviour.location:
                self.send_header("Location", behaviour.location)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
