"""The site of the tests as a real process: uvicorn on a port of its own, on the same database and broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.serving.chat import free_port

from rantau.serving.broker import Broker
from rantau.serving.engines.fake import FakeEngine
from rantau.serving.queue import Claims, connect
from rantau.serving.worker import Pace, Worker
from rantau.web.site import VARIABLE, write_site
from tests.web import house

ROOT = Path(__file__).parents[2]
IDLE_MS = 10_000


@dataclass
class Web:
    """A web process. site: what its site has beyond that of all tests"""

    port: int
    process: subprocess.Popen[bytes] | None = None
    site: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/v1"

    def start(self) -> None:
        path = house.FOLDER / f"web-{self.port}.json"
        write_site(path, replace(house.SITE, port=self.port, **self.site))
        environment = {**os.environ, VARIABLE: str(path), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        self.process = subprocess.Popen([sys.executable, "-m", "rantau.web", "web"], cwd=ROOT, env=environment)
        for _ in range(1200):
            if self.lives():
                return
            assert self.process.poll() is None, "the web process died"
            time.sleep(0.05)
        raise AssertionError("the web process did not come up")

    def lives(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as said:
                return bool(said.status == 200)
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def cookies(self, user: Any) -> str:
        """Of a session of this user, made in the database."""
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.db import SessionStore

        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.save()
        return f"session_{self.port}={store.session_key}"

    def headers(self, user: Any) -> dict[str, str]:
        return {"Cookie": self.cookies(user), "Origin": self.url}


@contextmanager
def web_process(**site: Any) -> Iterator[Web]:
    web = Web(free_port(), site=site)
    web.start()
    try:
        yield web
    finally:
        web.stop()


@contextmanager
def working(server: Broker, engine: FakeEngine | None = None, name: str = "w1", **pace: Any) -> Iterator[Worker]:
    """A worker with the engine for tests, in a thread."""
    engine = engine or FakeEngine()
    engine.models = tuple(model.name for model in house.SITE.models)
    claims, beats = (Claims(connect(server.url), name, idle_ms=IDLE_MS) for _ in range(2))
    worker = Worker(claims, beats, engine, Pace(**{"wait_ms": 20, "write_s": 0.0, **pace}))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.stopping.set()
        thread.join(60)


@contextmanager
def keeping(queue_url: str) -> Iterator[None]:
    """The finalizer, in a thread."""
    from django.db import connections

    from rantau.serving.queue import BrokerLost, Finals
    from rantau.web.upkeep.finalizer import keep

    over, client = threading.Event(), connect(queue_url)

    def run() -> None:
        finals = Finals(client, "thread", idle_ms=200)
        finals.prepare()
        while not over.wait(0.02):
            try:
                keep(finals, client)
            except BrokerLost:
                finals.prepare()
        connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)
        client.close()


def asked(owner: Any, text: str = "halo", talk: Any = None) -> Any:
    """A prompt that was accepted: its generation."""
    import uuid

    from rantau.web.records.models import Talk
    from rantau.web.talks.submit import submit

    talk = talk or Talk.objects.create(owner=owner)
    done = submit(owner, talk, text=text, client_id=uuid.uuid4().hex, parent=None)
    return done.answers[0].generations.get()
