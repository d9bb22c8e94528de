"""Services on this machine that exports are sent to: a form service, an S3-like store, a model hub."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Yields the address of a server with this handler."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        return None

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def answer(self, code: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@dataclass
class Taken:
    """What a service got; fails: answers with these codes first; thinks: what it does before it answers."""

    fails: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    reply: str | None = None
    thinks: Callable[[], object] = lambda: None


def upload_service(taken: Taken) -> type[BaseHTTPRequestHandler]:
    class Service(Quiet):
        def do_PUT(self) -> None:
            self.take(self.body)

        def do_POST(self) -> None:
            self.take(self.body)

        def take(self, read: Any) -> None:
            data = read()
            taken.requests.append((self.command, self.path, dict(self.headers.items())))
            taken.thinks()
            if taken.fails:
                self.answer(taken.fails.pop(0), b"busy, signature=GEHEIM", Retry_After="7")
            elif self.command == "PUT":
                taken.files[self.path.partition("?")[0]] = data
                self.answer(200, ETag='"x"')
            else:
                self.form(data)

        def form(self, data: bytes) -> None:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            for part in email.message_from_bytes(head + data, policy=email.policy.HTTP).iter_parts():
                name = part.get_param("name", header="content-disposition")
                if part.get_filename() is None:
                    taken.fields[name] = part.get_payload(decode=True).decode()
                else:
                    taken.files[f"{name}:{part.get_filename()}"] = part.get_payload(decode=True)
            reply = taken.reply if taken.reply is not None else "https://files.example/abc123.zip\n"
            self.answer(200, reply.encode())

    return Service


@dataclass
class Hub:
    """A hub's memory: repositories with their files; what was asked for."""

    token: str = "hf_rahasia"
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    refuse: str | None = None
    bad_card: str | None = None

    def add(self, name: str, *, private: bool) -> None:
        self.repositories[name] = {"private": private, "files": {}}


def hub_service(hub: Hub) -> type[BaseHTTPRequestHandler]:
    """The calls of huggingface_hub 2.4: repository, its creation, validate-yaml, preupload, LFS batch, commit."""

    class Service(Quiet):
        def do_GET(self) -> None:
            hub.calls.append(f"GET {self.path}")
            name = self.path.removeprefix("/api/models/").partition("?")[0]
            if not self.known():
                return
            if name not in hub.repositories:
                self.say(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
                return
            there = hub.repositories[name]
            found = {"id": name, "private": there["private"], "sha": "0" * 40, "tags": [], "siblings": []}
            self.say(200, found)

        def do_PUT(self) -> None:
            data = self.body()
            hub.calls.append(f"PUT {self.path}")
            hub.objects[self.path.removeprefix("/store/")] = data
            self.answer(200)

        def do_POST(self) -> None:
            data, path = self.body(), self.path.partition("?")[0]
            hub.calls.append(f"POST {path}")
            if path == "/api/validate-yaml":
                self.card(json.loads(data))
            elif self.known() and path == "/api/repos/create":
                self.create(json.loads(data))
            elif "/preupload/" in path:
                self.preupload(json.loads(data))
            elif path.endswith(".git/info/lfs/objects/batch"):
                self.batch(json.loads(data))
            elif "/commit/" in path:
                self.commit(path, data)

        def say(self, code: int, value: Any, **headers: str) -> None:
            self.answer(code, json.dumps(value).encode(), Content_Type="application/json", **headers)

        def known(self) -> bool:
            if self.headers.get("Authorization") == f"Bearer {hub.token}":
                return True
            self.say(401, {"error": "Invalid credentials in Authorization header"})
            return False

        def card(self, asked: dict[str, Any]) -> None:
            if hub.bad_card is not None:
                self.say(400, {"errors": [{"message": hub.bad_card}], "warnings": []})
                return
            self.say(200, {"errors": [], "warnings": [{"message": "no licence link"}]})

        def create(self, asked: dict[str, Any]) -> None:
            name = f"{asked['organization']}/{asked['name']}"
            if hub.refuse == name:
                self.say(403, {"error": f"You don't have the rights to create {name}"})
                return
            hub.add(name, private=asked.get("visibility") == "private")
            self.say(200, {"url": f"http://{self.headers['Host']}/{name}", "id": name})

        def preupload(self, asked: dict[str, Any]) -> None:
            modes = [
                {
                    "path": f["path"],
                    "uploadMode": "lfs" if f["path"].endswith((".safetensors", ".gguf")) else "regular",
                    "shouldIgnore": False,
                }
                for f in asked["files"]
            ]
            self.say(200, {"files": modes})

        def batch(self, asked: dict[str, Any]) -> None:
            def action(oid: str) -> dict[str, Any]:
                return {"upload": {"href": f"http://{self.headers['Host']}/store/{oid}", "header": {}}}

            found = [{"oid": o["oid"], "size": o["size"], "actions": action(o["oid"])} for o in asked["objects"]]
            self.say(200, {"transfer": "basic", "objects": found})

        def commit(self, path: str, data: bytes) -> None:
            name = path.removeprefix("/api/models/").partition("/commit/")[0]
            into = hub.repositories[name]["files"]
            for line in data.splitlines():
                entry = json.loads(line)
                value = entry["value"]
                if entry["key"] == "file":
                    into[value["path"]] = base64.b64decode(value["content"])
                elif entry["key"] == "lfsFile":
                    content = hub.objects[value["oid"]]
                    assert hashlib.sha256(content).hexdigest() == value["oid"] and len(content) == value["size"]
                    into[value["path"]] = content
                else:
                    hub.commits.append(value["summary"])
            url = f"http://{self.headers['Host']}/{name}/commit/{'a' * 40}"
            self.say(200, {"success": True, "commitOid": "a" * 40, "commitUrl": url})

    return Service
