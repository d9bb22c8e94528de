"""Faults that no restart mends: rantau serve ends at once, with exit code 2 and words that say what to do."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau.cli.serving_options import check_engine, check_libraries, options_of
from rantau.errors import RequestError
from rantau.serving.broker import Broker, broker
from rantau.serving.queue import connect
from rantau.web.database import database_of, fault_of
from rantau.web.site import Site, write_site
from tests.cli.test_serve import run  # noqa: F401
from tests.flow.small import command
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


def told(*words: object, code: int = 2, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    done = subprocess.run(command(*words), env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stderr


def served(run: Path, state: Path, *options: object, **environment: str) -> str:  # noqa: F811
    fake = ["--engine", "fake", "--port", 0, "--state", state]
    said = told("serve", run, *fake, *options, **environment)
    assert "comes back" not in said and "Traceback" not in said and "the chat is at" not in said
    assert len([line for line in said.splitlines() if line.startswith("RequestError: ")]) == 1, said
    return said


def test_nobody_has_an_account(run: Path, tmp_path: Path) -> None:  # noqa: F811
    said = served(run, tmp_path, "--accounts", "--host", "0.0.0.0")
    assert "RequestError: web: others can reach 0.0.0.0, and nobody has an account yet. Make one first: " in said


def test_a_database_that_cannot_be_opened(run: Path, tmp_path: Path) -> None:  # noqa: F811
    said = served(run, tmp_path / "state", "--db", f"sqlite:///{tmp_path}/none/chat.db")
    assert f"the database {tmp_path}/none/chat.db cannot be used: unable to open database file" in said


def test_a_broker_of_another_chat(run: Path, tmp_path: Path, server: Broker) -> None:  # noqa: F811
    client = connect(server.url)
    client.flushall()
    client.hset("{rantau}:chat", mapping={"id": "abc", "models": "puisi"})
    said = served(run, tmp_path, "--redis", server.url)
    assert "this broker is of chat abc (puisi), and this is chat " in said and "redis://HOST:6379/1" in said
    assert client.hgetall("{rantau}:chat") == {"id": "abc", "models": "puisi"}
    assert list(client.scan_iter("*")) == ["{rantau}:chat"]  # no worker was there for a moment
    client.flushall()
    client.close()


def test_a_second_chat_in_the_broker_of_the_first(run: Path, tmp_path: Path, server: Broker) -> None:  # noqa: F811
    """The first one tells workers its name, and does not notice the second."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "RANTAU_REDIS": server.url}
    connect(server.url).flushall()
    words = command("serve", run, "--engine", "fake", "--port", 0, "--state", tmp_path / "a")
    with (tmp_path / "out").open("w+") as out:
        first = subprocess.Popen(words, env=env, stderr=out, stdout=out)
        try:
            until(lambda: first.poll() is not None or "join it by" in (tmp_path / "out").read_text())
            said = served(run, tmp_path / "b", RANTAU_REDIS=server.url)
            first.send_signal(signal.SIGINT)
            assert first.wait(90) == 0, (tmp_path / "out").read_text()
        finally:
            first.kill()
            first.wait()
    client = connect(server.url)
    name = client.hget("{rantau}:chat", "id")
    assert f"join it by: rantau worker NAME --chat {name}" in (tmp_path / "out").read_text()
    assert f"this broker is of chat {name} (demo,demo-base), and this is chat " in said
    client.flushall()
    client.close()


def test_a_broker_that_lets_nobody_in(run: Path, tmp_path: Path) -> None:  # noqa: F811
    with broker(tmp_path / "b") as guarded:
        connect(guarded.url).config_set("requirepass", "right")
        url = guarded.url.replace("unix://", "unix://:wrong-7@")
        said = served(run, tmp_path / "state", RANTAU_REDIS=url)
    assert "the broker lets nobody in by this name and password" in said and "wrong-7" not in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--db", "mysql://ana:secret-7@h/n"), "mysql: no address of a database"),
        (("--redis", "http://ana:secret-7@h"), "http://h: no address of a broker"),
        (("--engine", "openai"), "name the server: --option url="),
    ],
)
def test_what_is_no_address(run: Path, tmp_path: Path, options: tuple[str, ...], words: str) -> None:  # noqa: F811
    said = served(run, tmp_path, *options)
    assert words in said and "secret-7" not in said


def test_a_page_process_alone_says_the_same(run: Path, tmp_path: Path) -> None:  # noqa: F811
    """As systemd starts it: 2 is what its unit does not try again."""
    words = [sys.executable, "-m", "rantau.web", "web"]

    def said(environment: dict[str, str]) -> str:
        env = {k: v for k, v in os.environ.items() if k != "RANTAU_SITE"} | environment
        env["PYTHONPATH"] = str(ROOT / "src")
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr

    assert "RANTAU_SITE is not set" in said({})
    assert "no such file. RANTAU_SITE names" in said({"RANTAU_SITE": str(tmp_path / "none.json")})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site = Site(str(tmp_path), f"unix://{tmp_path}/none", f"sqlite:///{tmp_path}/chat.db", port=port)
        write_site(tmp_path / "site.json", site)
        assert f"127.0.0.1 port {port}: " in said({"RANTAU_SITE": str(tmp_path / "site.json")})


@pytest.mark.parametrize(
    ("engine", "options", "words"),
    [
        ("openai", (), "name the server"),
        ("openai", ("url=ftp://h",), "takes the root of a server"),
        ("openai", ("url=http://127.0.0.1:1", "manner=shout"), "it is tokens or chat"),
        ("fake", ("pace",), "write it as KEY=VALUE"),
    ],
)
def test_a_wrong_option_is_told_before_anything_starts(engine: str, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        check_engine(engine, options_of(options))


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("rantau.web.database.find_spec", lambda _: None)
    for ask, words in (
        (lambda: check_engine("ctranslate2"), r"rantau\[ctranslate2\]"),
        (lambda: check_engine("llama.cpp"), r"rantau\[gguf\]"),
        (lambda: check_libraries(("django",)), r"rantau\[serve\]"),
        (lambda: database_of("postgresql://ana@h/n"), r"rantau\[postgres\]"),
    ):
        with pytest.raises(RequestError, match=words):
            ask()
    check_engine("transformers")


@pytest.mark.parametrize(
    ("said", "lasting"),
    [
        ('connection to server at "h" failed: FATAL:  password authentication failed for user "ana"', True),
        ('FATAL:  database "chat" does not exist', True),
        ("permission denied for schema public", True),
        ("connection refused\n\tIs the server running on that host?", False),
        ("database is locked", False),
        ("FATAL:  the database system is starting up: p@ss", False),
    ],
)
def test_what_databases_say(said: str, lasting: bool) -> None:
    error: Any = fault_of("postgresql://ana:p%40ss@db.example/chat", Exception(said))
    assert isinstance(error, RequestError) is lasting
    assert "db.example/chat" in str(error) and "p@ss" not in str(error) and "\n" not in str(error)
