"""rantau worker, the process: it loads in the open, answers, ends well, listens on nothing, knows no secrets."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from rantau.cli.worker import command as worker_command
from rantau.serving.broker import Broker, broker
from rantau.serving.child import without_secrets
from rantau.serving.protocol import End, Job, Phase, Tokens, Wish
from rantau.serving.queue import Admission, Claims, Limits, Presence, connect, read_log
from tests.flow.small import command
from tests.waiting import PATIENCE_S, until

ROOT, MOST_TRIES = Path(__file__).parents[2], 30


@contextmanager
def worker(server: Broker, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    words = [
        *command("worker", "runs/fake", "--engine", "fake", "--no-base", "--name", "w1", "--idle-s", "3"),
        *options,
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "RANTAU_REDIS": server.url, **environment}
    process = subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(client: Any, name: str = "g", model: str = "fake") -> None:
    job = Job(name, "ana", model, ({"role": "user", "content": "halo"},), Wish())
    assert Admission(client, limits=Limits(each_owner=9)).admit(job, message=name)[0] == "accepted"


def end_of(client: Any, name: str = "g") -> End | None:
    log = read_log(client, name)
    return log[-1][1] if log and isinstance(log[-1][1], End) else None


def is_ready(client: Any) -> bool:
    return Presence(client).all().get("w1", {}).get("state") == "ready"


def test_a_worker_tells_how_far_it_is_and_claims_nothing_before(client: Any, server: Broker) -> None:
    ask(client)
    with (
        connect(server.url, timeout_s=PATIENCE_S).monitor() as broker_is_asked,
        worker(server, "--option", "loading=2"),
    ):
        before = list(takewhile(lambda words: "state ready" not in words, commands(broker_is_asked)))
        shares = {float(share) for words in before for share in re.findall(r"state loading .* share (\S+)", words)}
        assert len(shares) > 1 and all(0 <= share < 1 for share in shares)
        assert not any(words.startswith(("XREADGROUP", "XAUTOCLAIM")) for words in before)
        assert until(lambda: end_of(client)).reason == "eos"


def commands(broker_is_asked: Any) -> Iterator[str]:
    """All that the broker is asked: whoever looks now and then may miss some of it."""
    for row in broker_is_asked.listen():
        yield row["command"]


def test_sigterm_lets_it_end_what_it_has_begun(client: Any, server: Broker) -> None:
    with worker(server, "--option", "words=20") as process:
        until(lambda: is_ready(client))
        begun = stopped_while_it_answers(client, process)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        until(lambda: not is_ready(client))  # it has heard of it: a prompt that comes between goes to either
        ask(client, "late")
        assert process.wait(60) == 0
    end = end_of(client, begun)
    assert end and (end.reason, end.state) == ("eos", "done") and read_log(client, "late") == []
    assert Presence(client).all() == {}


def stopped_while_it_answers(client: Any, process: subprocess.Popen[str]) -> str:
    """The answer that it has not ended. One that has may wait for a prompt, and take it right after SIGTERM."""
    for n in range(MOST_TRIES):
        name = f"g{n}"
        ask(client, name)
        until(lambda name=name: any(isinstance(e, Tokens) for _, e in read_log(client, name)))
        process.send_signal(signal.SIGSTOP)
        if end_of(client, name) is None:
            return name
        process.send_signal(signal.SIGCONT)
    raise AssertionError(f"it ended {MOST_TRIES} answers before it could be stopped")


def test_sigterm_while_it_loads_ends_it_at_once(client: Any, server: Broker) -> None:
    with worker(server, "--option", "loading=3600") as process:
        until(lambda: "w1" in Presence(client).all())
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_worker_that_is_killed_loses_its_prompt_to_the_next(client: Any, server: Broker) -> None:
    with worker(server, "--option", "pace=5") as process:
        until(lambda: is_ready(client))
        ask(client)
        until(lambda: any(isinstance(e, Tokens) for _, e in read_log(client, "g")))
        process.kill()
    with worker(server, "--option", "pace=1000", "--name", "w2"):
        until(lambda: end_of(client))
    said = [token for _, e in read_log(client, "g") if isinstance(e, Tokens) for token in e.ids]
    assert said == list(range(40)) and workers_of(client, "g") == ["w1", "w2"]


def workers_of(client: Any, name: str) -> list[str]:
    """Who has answered, one after the other. One that stands still for too long may claim its own job anew."""
    workers = [entry.worker for _, entry in read_log(client, name) if isinstance(entry, Phase)]
    return [worker for worker, _ in groupby(workers)]


def test_a_prompt_for_a_model_that_is_gone_fails_and_says_so(client: Any, server: Broker) -> None:
    ask(client, model="older")
    with worker(server):
        assert until(lambda: end_of(client)) == End("error", "failed", None, "model_gone")


def test_a_prompt_that_ends_its_worker_ends_only_so_many(client: Any, server: Broker) -> None:
    job = Job("g", "ana", "fake", ({"role": "user", "content": "(die)"},))
    Admission(client).admit(job, message="g")
    for _ in range(2):
        with worker(server, "--tries", "2") as process:
            assert process.wait(60) == 86
    with worker(server, "--tries", "2"):
        assert until(lambda: end_of(client)) == End("error", "failed", None, "poison")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_listens_on_nothing(client: Any, server: Broker) -> None:
    with worker(server) as process:
        until(lambda: is_ready(client))
        sockets = {name[8:-1] for name in open_files(process.pid) if name.startswith("socket:")}
        for table in ("tcp", "tcp6"):
            rows = Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]
            listening = {row.split()[9] for row in rows if row.split()[3] == "0A"}
            assert not listening & sockets


def open_files(process: int) -> set[str]:
    found = set()
    for path in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(path.readlink()))
    return found


def test_what_a_worker_was_started_with_it_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its libraries and what it starts itself see nothing of it."""
    monkeypatch.setattr("rantau.cli.worker._serve", lambda *_: None)
    with patch.dict(os.environ, dict.fromkeys(("RANTAU_DB", "PGPASSWORD", "DJANGO_SECRET_KEY"), "secret-7")):
        told = CliRunner().invoke(worker_command, ["runs/fake", "--engine", "fake", "--redis", "unix:///none"])
        assert told.exception is None, told.output
        words = [sys.executable, "-c", "import os; print(*os.environ.values())"]
        seen = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        assert os.environ["PATH"] in seen and "secret-7" not in seen


def test_secrets_are_told_from_what_a_worker_needs() -> None:
    kept = {"PATH": "x", "RANTAU_REDIS": "x", "HF_HOME": "x", "CUDA_VISIBLE_DEVICES": "x", "DBUS_ADDRESS": "x"}
    names = (
        "RANTAU_SITE",
        "RANTAU_DB",
        "DATABASE_URL",
        "PGPASSWORD",
        "DB_PASS",
        "MY_DB",
        "SECRET_KEY",
        "DJANGO_X",
        "POSTGRES_PASSWORD",
        "POSTGRES_URL",
        "SMTP_PASSWD",
        "REDISCLI_PASSWORD",
    )
    assert without_secrets({**kept, **dict.fromkeys(names, "s")}) == kept


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--option", "pace"), "KEY=VALUE"), (("--engine", "transformers"), "nothing has been run yet"),
     (("--engine", "quick"), "Invalid value")],
)  # fmt: skip
def test_a_wrong_request_ends_with_2(server: Broker, tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "RANTAU_REDIS": server.url}
    told = subprocess.run(
        [*command("worker", "none", "--engine", "fake"), *options], env=env, cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 2 and words in told.stderr


CHAT = "{rantau}:chat"


@pytest.mark.parametrize(
    ("models", "options", "words"),
    [
        ("puisi,puisi-base", (), "is of chat abc, which asks for puisi,puisi-base, never for fake"),
        ("fake", ("--chat", "xyz"), "is of chat abc (fake), not of chat xyz"),
    ],
)
def test_a_worker_leaves_the_broker_of_another_chat_alone(
    client: Any, server: Broker, models: str, options: tuple[str, ...], words: str
) -> None:
    ask(client)
    client.hset(CHAT, mapping={"id": "abc", "models": models})
    with worker(server, *options) as process:
        assert process.wait(60) == 2
        assert process.stderr is not None and words in process.stderr.read()
    assert read_log(client, "g") == [] and Presence(client).all() == {}


def test_a_worker_joins_the_chat_that_it_is_told(client: Any, server: Broker) -> None:
    ask(client)
    client.hset(CHAT, mapping={"id": "abc", "models": "fake,more"})
    with worker(server, "--chat", "abc"):
        assert until(lambda: end_of(client)).reason == "eos"


def test_a_wrong_password_ends_a_worker(tmp_path: Path) -> None:
    with broker(tmp_path / "b") as guarded:
        connect(guarded.url).config_set("requirepass", "right")
        path = guarded.url.removeprefix("unix://")
        with worker(guarded, RANTAU_REDIS=f"unix://:wrong@{path}") as process:
            assert process.wait(60) == 2
            said = process.stderr.read() if process.stderr else ""
        assert "the broker lets nobody in by this name and password" in said and "wrong@" not in said


def test_no_worker_claims_while_another_holds(client: Any, server: Broker) -> None:
    ask(client)
    other = Claims(client, "other", idle_ms=600_000)
    other.prepare()
    assert other.claim(1)
    with worker(server, "--idle-s", "600"):
        until(lambda: is_ready(client))
        time.sleep(0.3)
        assert len(read_log(client, "g")) == 1
