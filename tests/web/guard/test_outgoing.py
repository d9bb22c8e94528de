"""No page fetches anything: the web room opens no connection but those to its broker and its database."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rantau.web

ROOM = Path(rantau.web.__file__).parent
CLIENTS = (
    "aiohttp", "asyncore", "django.core.mail", "ftplib", "http.client", "httplib2", "httpx", "imaplib", "nntplib",
    "paramiko", "poplib", "pycurl", "requests", "smtplib", "ssl", "telnetlib", "urllib.request", "urllib3",
    "webbrowser", "websocket", "websockets", "xmlrpc", "huggingface_hub", "openai",
)  # fmt: skip
CALLS = (
    "connect_ex", "create_connection", "create_unix_connection", "open_connection", "open_unix_connection",
    "sendto", "urlopen", "urlretrieve", "getaddrinfo", "gethostbyname", "send_mail",
)  # fmt: skip


def outgoing(source: str) -> Iterator[str]:
    """What could reach another machine."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if _is_client(a.name))
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (n for n in names if _is_client(n) or n.rpartition(".")[2] in CALLS)
        elif isinstance(node, ast.Attribute) and (node.attr in CALLS or _connects(node)):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("__import__", "import_module"):
            yield from (ast.unparse(a) for a in node.args if ast.unparse(a) != "settings.SESSION_ENGINE")


def _is_client(name: str) -> bool:
    return any(name == client or name.startswith(f"{client}.") for client in CLIENTS)


def _connects(node: ast.Attribute) -> bool:
    """.connect of anything but the base class of the page's own socket."""
    return node.attr == "connect" and ast.unparse(node.value) != "super()"


ALLOWED = {"listening.py": ["socket.getaddrinfo"]}
"""Of the address that a process listens on."""
SOURCES = sorted(ROOM.rglob("*.py"))


def test_nothing_in_the_room_reaches_out() -> None:
    assert len(SOURCES) > 80
    assert {path.name: found for path in SOURCES if (found := list(outgoing(path.read_text())))} == ALLOWED


@pytest.mark.parametrize(
    "source",
    [
        "import httpx", "import urllib.request as u", "from urllib import request",
        "from urllib.request import urlopen",
        "import requests.adapters", "from http import client", "import socket\nsocket.create_connection(('h', 1))",
        "import socket\nsocket.socket().connect(('h', 1))", "import asyncio\nasyncio.open_connection('h', 1)",
        "from django.core import mail", "__import__('httpx')",
        "from importlib import import_module\nimport_module(x)",
        "from asyncio import open_connection", "import websockets",
    ],
)  # fmt: skip
def test_what_reaches_out_is_found(source: str) -> None:
    assert list(outgoing(source))


def test_a_path_that_names_a_page_elsewhere_is_refused_or_text(http: object, site: object) -> None:
    """Addresses that a person writes are words: whatever holds one is kept or shown, never asked for."""
    import socket
    from unittest.mock import patch

    url = "http://127.0.0.1:9/rahasia"
    with patch.object(socket, "create_connection", side_effect=AssertionError("a page was fetched")):
        made = http.post("/api/talks", {"title": url, "system_prompt": f"![x]({url})"}, "application/json")  # type: ignore[attr-defined]
        assert made.status_code == 201
        path = f"/api/talks/{made.json()['id']}"
        for address in (path, f"{path}/export?format=md", f"/api/talks?q={url}", f"/login?next={url}"):
            assert http.get(address).status_code in (200, 302)  # type: ignore[attr-defined]
