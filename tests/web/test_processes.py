"""Real processes: the web process under uvicorn, killed while people send; what it accepted is answered."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from bench.serving.chat import free_port
from django.conf import settings
from django.test import Client

from rantau.serving.queue import Finals
from rantau.web.records.models import Generation, Message, Talk
from rantau.web.site import Site, SiteLimits, write_site
from rantau.web.upkeep.finalizer import keep
from rantau.web.upkeep.outbox import Outbox
from tests.waiting import until
from tests.web.playing import Player

ROOT = Path(__file__).parents[2]


class Web:
    """A web process. It can be killed and started again on its port."""

    def __init__(self, site: Site, path: Path) -> None:
        self.site, self.path = site, path
        write_site(path, site)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        env = {**os.environ, "RANTAU_SITE": str(self.path), "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-W", "error", "-m", "rantau.web", "web"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE)
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection((self.site.host, self.site.port), 1).close()
                return process
            except OSError:
                time.sleep(0.05)
        process.kill()
        raise AssertionError(process.communicate()[1].decode())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        self.process.send_signal(how)
        return self.process.communicate(timeout=120)[1].decode()


class Caller:
    """One signed-in page, with a connection of its own."""

    def __init__(self, site: Site, session: str) -> None:
        self.site, self.cookies = site, {f"session_{site.port}": session}
        self.token = ""

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.site.host, self.site.port, timeout=120)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told = {"Cookie": cookies, "X-CSRFToken": self.token, "Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), told)
            said = connection.getresponse()
            for name, value in said.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.partition(";")[0]
            text = said.read()
            return said.status, json.loads(text) if text[:1] in b"{[" else text
        finally:
            connection.close()

    def enter(self) -> None:
        self.token = self("GET", "/api/me")[1]["csrf"]


@pytest.fixture
def web(site: Site, tmp_path: Path) -> Iterator[Web]:
    limits = SiteLimits(queue=10**6, each_owner=10**6, per_minute=10**6)
    started = Web(replace(site, port=free_port(), limits=limits), tmp_path / "site.json")
    yield started
    if started.process.poll() is None:
        started.stop(signal.SIGKILL)


@pytest.fixture
def call(web: Web, http: Client) -> Caller:
    caller = Caller(web.site, http.cookies[settings.SESSION_COOKIE_NAME].value)
    caller.enter()
    return caller


def sending(call: Caller, talk: str, accepted: dict[str, str]) -> threading.Thread:
    """Sends one message after the other until the process is gone; notes what was accepted."""

    def send() -> None:
        for i in count():
            name = f"{threading.get_ident()}-{i}"
            try:
                status, made = call(
                    "POST", f"/api/talks/{talk}/messages", {"client_id": name, "text": name, "parent": None}
                )
            except (OSError, http.client.HTTPException):
                return
            assert status == 202, made
            accepted[name] = made["answers"][0]["id"]

    return threading.Thread(target=send)


def settled(player: Player, client: Any, outbox: Outbox) -> None:
    """Lets everything that was accepted be answered and kept."""
    finals = Finals(client, "f")
    finals.prepare()
    while Generation.objects.exclude(state__in=("done", "failed", "stopped")).exists():
        outbox.sweep()
        for job in player.take():
            player.say(job.generation, "ya: ", job.messages[-1]["content"])
            player.end(job.generation)
        keep(finals, client)


def test_what_was_accepted_is_answered_though_the_process_is_killed(
    web: Web, call: Caller, owner: Any, player: Player, queue: Any
) -> None:
    from rantau.serving.queue import Admission

    talk = str(Talk.objects.create(owner=owner).id)
    accepted: dict[str, str] = {}
    threads = [sending(call, talk, accepted) for _ in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(accepted) > 15)  # into the middle of it
    web.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    settled(player, queue, Outbox(Admission(queue), admit_after_s=0))
    rows = {m.parent.client_id: m for m in Message.objects.filter(role="assistant").select_related("parent")}
    for name, answer in accepted.items():
        assert str(rows[name].id) == answer and (rows[name].state, rows[name].text) == ("done", f"ya: {name}")
    assert Generation.objects.count() == len(rows)  # nothing was asked twice, also what was kept but not told


def test_a_process_that_is_stopped_ends_what_it_began(web: Web, call: Caller) -> None:
    assert call("POST", "/api/talks", {})[0] == 201
    words = web.stop()
    assert web.process.returncode in (0, -signal.SIGTERM) and "Traceback" not in words, words


def test_pages_and_files_under_uvicorn(web: Web, call: Caller, site: Site) -> None:
    frame = call("GET", "/")[1].decode()
    files = sorted(set(re.findall(r"/static/[^\"]+\.(?:js|css)", frame)))
    assert files and all(call("GET", path)[0] == 200 for path in files)
    assert call("GET", "/healthz")[0] == 200
    assert call("POST", "/api/talks", {"mode": "single"}, Origin="http://127.0.0.1:1")[0] == 403
    assert call("POST", "/api/talks", {"title": "a" * 600_000})[0] == 413
    assert call("GET", "/api/me", Host="rebound.example.org")[0] == 400
    words = web.stop()
    assert "Warning" not in words, words


def test_two_processes_on_one_new_database(site: Site, tmp_path: Path) -> None:
    """Both bring it up to date, and want the same name."""
    path = tmp_path / "site.json"
    write_site(path, replace(site, database=f"sqlite://{tmp_path}/new.db", folder=str(tmp_path)))
    env = {**os.environ, "RANTAU_SITE": str(path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "rantau.web", "user", "ana", "--admin"]
    made = [
        subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    words = [process.communicate(b"kata-sandi-7\n", timeout=120)[1].decode() for process in made]
    assert sorted(process.returncode for process in made) == [0, 2], words
    assert "there is such an account already" in "".join(words)
