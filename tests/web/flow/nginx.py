"""nginx as docs/serving/nginx.conf has it, in front of a web process; names, ports and files are the test's."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.serving.chat import free_port

from tests.certificates import make_certificate
from tests.waiting import until

SHIPPED = Path(__file__).parents[3] / "docs" / "serving" / "nginx.conf"
NEEDED = ("nginx", "openssl")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
AROUND = """
daemon off; {user} worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
{places}
{shipped}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """port: of TLS; plain: of the one that leads there; certificate: of localhost"""

    port: int
    plain: int
    certificate: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def reload(self) -> None:
        """Returns once new processes answer, and they alone; the old ones go on with what they have."""
        before = self._children()
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self._children() - before, "new processes of nginx")
        until(lambda: all(map(_is_leaving, before)), "the old processes of nginx")

    def _children(self) -> set[str]:
        pid = self.process.pid
        return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _is_leaving(process: str) -> bool:
    """It takes no more connections, and has closed those that were idle."""
    try:
        told = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return True
    return not told or b"shutting down" in told


@contextmanager
def nginx(folder: Path, web_port: int) -> Iterator[Nginx]:
    port, plain = free_port(), free_port()
    certificate = make_certificate(folder, "chat", "DNS:localhost")
    (folder / "nginx.conf").write_text(configuration(folder, web_port, port, plain))
    process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    try:
        until(lambda: process.poll() is not None or is_open(port), "nginx")
        assert process.poll() is None, (folder / "error.log").read_text()
        yield Nginx(port, plain, certificate, process)
    finally:
        process.terminate()
        process.wait(30)


def configuration(folder: Path, web_port: int, port: int, plain: int) -> str:
    shipped = SHIPPED.read_text()
    for old, new in {
        "server 127.0.0.1:8000": f"server 127.0.0.1:{web_port}",
        "listen 443": f"listen 127.0.0.1:{port}", "listen 80": f"listen 127.0.0.1:{plain}",
        "/etc/ssl/chat.example": str(folder / "chat"), "chat.example": "localhost",
    }.items():  # fmt: skip
        assert old in shipped, old
        shipped = shipped.replace(old, new)
    places = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in KINDS)
    user = "" if os.getuid() else "user root;"  # who else may write into the folder of a test
    return AROUND.format(folder=folder, user=user, places=places, shipped=shipped)


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
