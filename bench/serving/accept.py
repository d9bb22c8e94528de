"""How long a prompt takes to be accepted, from POST to 202: python -m bench.serving.accept [--times 1000]

Checked, in the database and in the queue; SQLite. Nobody answers meanwhile.
"""

from __future__ import annotations

import argparse
import http.client
import json
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from bench.serving.chat import Chat, chat, keep_present
from bench.serving.figures import spread, tell

TEXT = "Ceritakan tentang pasar terapung di Banjarmasin dan apa yang dijual di sana. " * 4


class Writer:
    """A person's page: one connection, one prompt after another, each in a talk of its own."""

    def __init__(self, made: Chat, person: Any) -> None:
        self._port, self._headers = made.site.port, made.headers(person)
        self.waits, self.statuses = list[float](), list[int]()

    def write(self, times: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        me = self._ask("GET", "/api/me")
        self._headers["X-CSRFToken"] = me["csrf"]
        for _ in range(times):
            talk = self._ask("POST", "/api/talks", {"mode": "single"})
            body = {"client_id": uuid.uuid4().hex, "text": TEXT, "parent": None}
            began = time.monotonic()
            self._ask("POST", f"/api/talks/{talk['id']}/messages", body)
            self.waits.append(time.monotonic() - began)
            self.statuses.append(self._status)

    def _ask(self, method: str, address: str, body: Any = None) -> Any:
        headers = {**self._headers, "Content-Type": "application/json"}
        self._http.request(method, address, body and json.dumps(body), headers)
        said = self._http.getresponse()
        self._status = said.status
        for name, value in said.getheaders():
            if name.lower() == "set-cookie" and "csrf" in value:
                self._headers["Cookie"] += f"; {value.partition(';')[0]}"
        return json.loads(said.read())


def measure(made: Chat, n_people: int, times: int) -> dict[str, Any]:
    writers = [Writer(made, person) for person in made.people(n_people)]
    over = threading.Event()
    threading.Thread(target=_stay, args=(made.client, over), daemon=True).start()
    threads = [threading.Thread(target=w.write, args=(times // n_people,)) for w in writers]
    began, cpu_s = time.monotonic(), made.cpu_s()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted, cpu_s = time.monotonic() - began, made.cpu_s() - cpu_s
    over.set()
    waits = [wait for writer in writers for wait in writer.waits]
    refused = sum(status != 202 for writer in writers for status in writer.statuses)
    return {"people": n_people, "n": len(waits), **spread(waits), "per_s": round(len(waits) / lasted, 1),
            "web_cpu_ms_each": round(1000 * cpu_s / len(waits), 1), "refused": refused,
            "web_mib": round(made.resident_mib(), 1)}  # fmt: skip


def _stay(client: Any, over: threading.Event) -> None:
    while not over.wait(2):
        keep_present(client)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chat(Path(folder)) as made:
        for n_people in given.people:
            made.empty()
            tell("accept", measure(made, n_people, given.times), given.json)


if __name__ == "__main__":
    main()
