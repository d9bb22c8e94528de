"""The processes of one chat as rantau serve starts them, and what it tells of them."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rantau.errors import RequestError, ServingError
from rantau.serving.broker import find_server, start_broker
from rantau.serving.child import without_secrets
from rantau.serving.children import PATIENCE, SHOWN_LINES, Part, Patience, program
from rantau.serving.queue import BrokerLost, Finals, Presence, check_server, connect, tenant, warnings_of
from rantau.serving.supervisor import Supervisor, alone
from rantau.web.site import VARIABLE, Site, write_site


class House:
    """given: the options of rantau serve; patience: with what crashes"""

    def __init__(
        self, run: Path, folder: Path, site: Site, given: Mapping[str, Any],
        patience: Patience = PATIENCE,
    ) -> None:  # fmt: skip
        self._patience = patience
        self._run, self._folder, self._site, self._given = run, folder, site, given
        self._client = connect(site.broker, retries=0, timeout_s=1.0)
        self._states: dict[str, str] = {}
        self._named: dict[str, str] = {}  # the worker that runs as a part now, as it calls itself
        self._is_up = self._is_named = False

    def serve(self) -> None:
        """Until Ctrl-C or SIGTERM. Raises   ServingError"""
        with alone(self._folder):
            write_site(self._folder / "site.json", self._site)
            if self._given["redis_url"]:
                self._check_broker()
                self._check_chat()
            else:
                find_server()
            _say(f"starting; logs are in {self._folder / 'logs'}")
            supervisor = Supervisor(
                self.parts(),
                self._folder,
                say=_say,
                patience=self._patience,
                look=self._look,
                emptied=self._emptied,
            )
            supervisor.run()
        _say("stopped; what was asked is kept, and answered when it starts again")

    def _check_broker(self) -> None:
        """Raises   ServingError if nobody answers there; RequestError, see check_server"""
        try:
            check_server(self._client)
            for sentence in warnings_of(self._client):
                _say(f"beware: {sentence}")
        except BrokerLost as error:
            raise ServingError(f"--redis: {error}. Start it first, or leave --redis out.") from error

    def _check_chat(self) -> None:
        """Before a worker could take a prompt of another chat. Raises   RequestError, ServingError"""
        done = subprocess.run(
            [sys.executable, "-m", "rantau.web", "check"], env=self._environment(), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            kind = RequestError if done.returncode == RequestError.exit_code else ServingError
            raise kind("\n".join(done.stderr.splitlines()[-SHOWN_LINES:]))

    def _environment(self) -> dict[str, str]:
        told = {VARIABLE: str(self._folder / "site.json"), "RANTAU_REDIS": self._site.broker}
        return {**os.environ, **told}

    def parts(self) -> list[Part]:
        environment = self._environment()
        found = [self._web_part("finalizer", environment), self._web_part("web", environment)]
        found += [self._worker(f"worker-{n + 1}") for n in range(self._given["workers"])]
        if self._given["redis_url"] is None:
            data = self._folder / "broker"
            found.append(Part("broker", "broker", lambda _: _broker(data), data / "broker.log", drain_s=10))
        return found

    def _web_part(self, name: Any, environment: Mapping[str, str]) -> Part:
        log = self._folder / "logs" / f"{name}.log"
        words = [sys.executable, "-m", "rantau.web", name]
        return Part(name, name, program(lambda _: words, log, environment), log)

    def _worker(self, name: str) -> Part:
        log = self._folder / "logs" / f"{name}.log"
        environment = {**without_secrets(os.environ), "RANTAU_REDIS": self._site.broker}
        start = program(lambda tight: self._worker_words(name, tight), log, environment)
        return Part(name, "worker", start, log, works=lambda: self._answers(name))

    def _answers(self, part: str) -> bool:
        return self._states.get(self._named.get(part, ""), "").startswith("ready")

    def _worker_words(self, part: str, tight: int) -> list[str]:
        """After each death for want of memory with half the slots."""
        given, site = self._given, self._site
        self._named[part] = f"{socket.gethostname()}-{part}-{secrets.token_hex(2)}"
        words = [sys.executable, "-m", "rantau", "worker", str(self._run), "--pool", site.pool]
        words += ["--name", self._named[part]]
        words += ["--engine", given["engine"], "--device", given["device"], "--context", str(given["context"])]
        words += [
            "--slots",
            str(max(1, given["slots"] >> tight)),
            "--idle-s",
            str(given["idle_s"]),
            "--tries",
            str(given["tries"]),
        ]
        words += ["--base" if given["with_base"] else "--no-base"]
        words += ["--threads", str(given["threads"])] if given["threads"] else []
        return words + [word for pair in given["options"].items() for word in ("--option", "=".join(pair))]

    def _look(self) -> None:
        if not self._is_up and _listens(self._site.host, self._site.port):
            self._is_up = True
            _say(f"the chat is at {address(self._site)}   (Ctrl-C ends it)")
        try:
            if self._is_up and self._given["redis_url"] and not self._is_named:
                self._is_named = True
                _say(f"workers of other machines join it by: rantau worker NAME --chat {tenant(self._client)}")
            found = Presence(self._client).all()
        except BrokerLost:
            return
        for name, said in found.items():
            now = f"{said.get('state')} {said.get('what', '')}"
            if self._states.get(name) != now:
                self._states[name] = now
                _say(f"worker {name} {_doing(said)}")

    def _emptied(self) -> bool:
        try:
            return Finals(self._client, "supervisor").waiting() == 0
        except BrokerLost:
            return False


def address(site: Site) -> str:
    """What people open. A site for all addresses is opened by one of its names."""
    host = site.hosts[0] if site.hosts else "127.0.0.1" if site.host in ("0.0.0.0", "::") else site.host
    if site.secure and site.hosts:
        return f"https://{host}/"
    return f"http://{f'[{host}]' if ':' in host else host}:{site.port}/"


def _doing(said: Mapping[str, str]) -> str:
    if said.get("state") == "loading":
        return f"is loading, {float(said.get('share', 0)):.0%}: {said.get('what', '')}"
    return f"answers as {said.get('models', '')}" if said.get("state") == "ready" else "ends"


def _broker(data: Path) -> subprocess.Popen[bytes]:
    return start_broker(data).process


def _listens(host: str, port: int) -> bool:
    known = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    try:
        socket.create_connection((known.get(host, host), port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _say(line: str) -> None:
    click.echo(f"rantau serve: {line}", err=True)
