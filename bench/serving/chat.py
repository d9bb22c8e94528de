"""A chat for measuring: a broker, an empty database, one web process, and answers written by the clock."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau.serving.broker import broker
from rantau.serving.queue import Presence, connect
from rantau.web.site import VARIABLE, Served, Site, SiteLimits, write_site

NO_LIMIT = SiteLimits(queue=10**7, each_owner=10**6, per_minute=10**7)
SOCKETS_EACH = 8


@dataclass(frozen=True, slots=True)
class Chat:
    """client: of the broker; web: the process that is measured"""

    site: Site
    client: Any
    web: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.site.port}"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.site.port}/ws/v1"

    def resident_mib(self) -> float:
        pages = int(Path(f"/proc/{self.web.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.web.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def empty(self) -> None:
        """Nobody in the database, nothing in the broker."""
        from django.contrib.auth import get_user_model

        get_user_model().objects.all().delete()
        self.client.flushall()

    def people(self, n: int) -> list[Any]:
        from django.contrib.auth import get_user_model

        return [get_user_model().objects.create(username=f"p{place}", password="!") for place in range(n)]

    def headers(self, person: Any) -> dict[str, str]:
        """Of a session that is signed in."""
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.db import SessionStore

        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session.save()
        return {"Cookie": f"session_{self.site.port}={session.session_key}", "Origin": self.url}

    def generation(self, owner: Any) -> str:
        """An answer that is being written, for the database and the broker."""
        from rantau.serving.queue import keys
        from rantau.web.records.models import Generation, Message, Talk

        talk = Talk.objects.create(owner=owner, model="demo")
        question = Message.objects.create(talk=talk, role="user", text="halo", author=owner)
        answer = Message.objects.create(
            talk=talk, parent=question, role="assistant", author=owner, state="running"
        )
        made = Generation.objects.create(message=answer, owner=owner, state="running")
        facts = {"state": "running", "owner": str(owner.pk), "attempt": 1, "job": "1-1"}
        self.client.hset(keys.facts(str(made.id)), mapping=facts)
        return str(made.id)


@contextmanager
def chat(folder: Path, limits: SiteLimits = NO_LIMIT) -> Iterator[Chat]:
    """Django is set up for it in this process too; once."""
    folder.mkdir(parents=True, exist_ok=True)
    with broker(folder / "broker") as started:
        site = Site(
            folder=str(folder), broker=started.url, database=f"sqlite://{folder.resolve() / 'chat.db'}",
            port=free_port(), models=(Served("demo", "Demo", "adapted"),), limits=limits,
        )  # fmt: skip
        write_site(folder / "site.json", site)
        os.environ[VARIABLE], os.environ["DJANGO_SETTINGS_MODULE"] = (
            str(folder / "site.json"),
            "rantau.web.settings",
        )
        web = subprocess.Popen([sys.executable, "-m", "rantau.web", "web"], stderr=subprocess.DEVNULL)
        try:
            _wait(site.port, web)
            import django

            django.setup()
            client = connect(started.url)
            yield Chat(site, client, web)
            client.close()
        finally:
            web.kill()
            web.wait()


def keep_present(client: Any) -> None:
    """A worker is said to be there."""
    Presence(client).say("bench", {"pool": "main", "state": "ready", "slots": 1, "running": 0})


def free_port() -> int:
    """Below those that the system gives away by itself, which it does a thousand times while a storm blows."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _wait(port: int, web: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            if web.poll() is not None:
                raise SystemExit("the web process died: run python -m rantau.web web to see why") from None
            time.sleep(0.1)
    raise SystemExit("the web process did not come up in 2 minutes")
