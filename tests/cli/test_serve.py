"""rantau serve: what it refuses and how it says so, and one chat from an empty folder to its end."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench.serving.tabs import Tab
from click.testing import CliRunner

from rantau import files
from rantau.cli import serve
from rantau.cli.house import House, address
from rantau.errors import RantauError
from rantau.serving.queue import Presence
from rantau.web.listening import listen
from rantau.web.site import Site, read_site, write_site
from tests.flow.small import command
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as far as rantau serve looks at it; nothing is loaded."""
    folder = tmp_path_factory.mktemp("runs") / "demo"
    base = folder.parent / "base"
    files.write_json(base / "config.json", {"max_position_embeddings": 1024})
    source = {"name": "talks", "path": "talks.jsonl", "language": "ind", "license": "CC0-1.0"}
    recipe = {
        "name": "demo", "language": {"target": "ind"}, "model": {"base": str(base)}, "sources": [source],
        "phases": [{"name": "talk", "kind": "sft", "mixture": {"talks": 1.0}}],
        "evaluation": {"texts": [{"name": "talks", "source": "talks"}]},
    }  # fmt: skip
    files.write_json(folder / "run.json", {"recipe": recipe, "stages": []})
    files.write_json(folder / "stages" / "train-talk" / "adapter" / "adapter_config.json", {})
    return folder


def refused(*words: object) -> str:
    told = CliRunner().invoke(serve.command, [str(w) for w in words])
    assert isinstance(told.exception, RantauError), told.output
    return str(told.exception)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "chat.example"])
def test_others_are_not_let_in_without_accounts(run: Path, host: str) -> None:
    said = refused(run, "--host", host)
    assert "needs accounts" in said and "--add-user" in said and not (run / "serve").exists()


@pytest.mark.parametrize("words", [["--behind-tls"], ["--allow", "chat.example"]])
def test_others_are_not_let_in_through_a_proxy_without_accounts(run: Path, words: list[str]) -> None:
    said = refused(run, *words)
    assert said.startswith(words[0]) and "needs accounts" in said and not (run / "serve").exists()


def test_a_port_that_is_taken_is_told(run: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"try --port {port + 1}" in refused(run, "--port", port)


@pytest.mark.skipif(sys.platform != "linux", reason="a port can be held on Linux only")
def test_a_free_port_is_taken_by_nobody_before_the_pages_listen() -> None:
    with serve._free_port("127.0.0.1", 0) as port, socket.socket() as other:
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        (pages,) = listen("127.0.0.1", port)
        with pages:
            pages.listen()
            socket.create_connection(("127.0.0.1", port)).close()


def test_an_address_of_another_machine_is_told(run: Path) -> None:
    assert "--host 192.0.2.1" in refused(run, "--host", "192.0.2.1", "--accounts")


def test_runs_that_are_not_there_or_not_finished(run: Path, tmp_path: Path) -> None:
    assert "no run named 'other'. There are: demo" in refused("other", "--runs", run.parent)
    assert "nothing has been run yet" in refused("--runs", tmp_path)
    half = tmp_path / "half"
    files.write_json(half / "run.json", files.read_json(run / "run.json"))
    assert "has not been trained to its end" in refused(half)


def test_what_is_not_installed_is_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "channels" else object())
    assert refused(run) == "serving needs channels. Run: pip install 'rantau[serve]'"


def test_the_site_of_a_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr("rantau.cli.house.House.serve", lambda house: made.append(house._site))
    options = ["--port", "0", "--state", str(tmp_path / "state"), "--context", "512"]
    kept = ["--keep-days", "90", "--keep-deleted-days", "7", "--each-mib", "0"]
    for more in ([], ["--no-base", "--accounts", "--interface", "ko", "--engine", "ctranslate2", *kept]):
        told = CliRunner().invoke(serve.command, [str(run), *options, *more])
        assert told.exception is None, told.output
    site, other = made
    assert [(m.name, m.kind, m.context) for m in site.models] == [
        ("demo", "adapted", 512),
        ("demo-base", "base", 512),
    ]
    assert (site.single_user, site.language, site.interface, site.host) == (True, "ind", "id", "127.0.0.1")
    assert site.port > 0 and site.broker.startswith("unix://") and site.database.startswith("sqlite:////")
    assert site.wish["repetition_penalty"] == 1.1 and site.cannot == ()
    assert (site.keep_days, site.keep_deleted_days, site.limits.each_mib) == (0, 30, 256)
    assert (other.keep_days, other.keep_deleted_days, other.limits.each_mib) == (90, 7, 0)
    assert other.cannot == ("repetition_penalty", "seed")
    assert ([m.kind for m in other.models], other.single_user, other.interface) == (["adapted"], False, "ko")


def test_a_worker_works_once_it_says_that_it_answers(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then it is given up after some deaths, however long it loads."""
    made: list[House] = []
    monkeypatch.setattr(House, "serve", lambda house: made.append(house))  # noqa: PLW0108  bound, as a method is
    told = CliRunner().invoke(serve.command, [str(run), "--port", "0", "--state", str(tmp_path)])
    assert told.exception is None, told.output
    [house] = made
    [worker] = [part for part in house.parts() if part.role == "worker"]
    said: dict[str, dict[str, str]] = {}
    monkeypatch.setattr(Presence, "all", lambda _: said)

    def works() -> bool:
        house._look()
        return worker.works()

    for _ in range(2):  # and once more after a crash
        words = house._worker_words(worker.name, 0)
        name = words[words.index("--name") + 1]
        assert not works()
        said[name] = {"state": "loading"}
        assert not works()
        said[name] = {"state": "ready"}
        assert works()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "http://127.0.0.1:8000/"),
        ({"host": "::1"}, "http://[::1]:8000/"),
        ({"host": "0.0.0.0", "port": 80}, "http://127.0.0.1:80/"),
        ({"host": "0.0.0.0", "hosts": ("chat.example",)}, "http://chat.example:8000/"),
        ({"hosts": ("chat.example",), "secure": True}, "https://chat.example/"),
    ],
)
def test_the_address_that_people_open(fields: dict[str, Any], words: str) -> None:
    assert address(Site("f", "b", "d", **fields)) == words


def test_an_account_is_made_from_the_command_line(run: Path, tmp_path: Path) -> None:
    words = ["serve", run, "--state", tmp_path, "--add-user", "ana"]
    served = Site("f", "b", f"sqlite:///{tmp_path / 'chat.db'}", host="0.0.0.0", hosts=("a.org",), secure=True)
    write_site(tmp_path / "site.json", served)  # of a chat that runs: its parts read it when they come back
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    for word, code, told in (("short", 2, "too short"), ("kata-sandi-7-panjang", 0, "ana has an account")):
        made = subprocess.run(
            command(*words), input=f"{word}\n", env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert made.returncode == code and told in made.stderr + made.stdout
    assert read_site(tmp_path / "site.json") == served
    assert [path.name for path in tmp_path.glob("*.json")] == ["site.json"]


def test_the_site_file_of_processes_that_are_started_apart(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RANTAU_REDIS", raising=False)
    words = [run, "--write-site", "--state", tmp_path / "state", "--accounts", "--allow", "chat.example"]
    assert "Name it: --redis" in refused(*words) and not (tmp_path / "state").exists()
    with socket.socket() as taken:  # by the processes that run already
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words += ["--port", taken.getsockname()[1], "--redis", "redis://serve:word@127.0.0.1:1", "--behind-tls"]
        told = CliRunner().invoke(serve.command, [str(word) for word in words])
    assert told.exception is None and str(tmp_path / "state" / "site.json") in told.output, told.output
    site = read_site(tmp_path / "state" / "site.json")
    assert (site.broker, site.hosts, site.secure) == ("redis://serve:word@127.0.0.1:1", ("chat.example",), True)
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["site.json"]
    assert (tmp_path / "state" / "site.json").stat().st_mode & 0o077 == 0


def test_a_chat_from_an_empty_folder_to_its_end(run: Path, tmp_path: Path) -> None:
    """The address is printed, the page says that the model loads, a prompt is answered, Ctrl-C ends all."""
    fake = ["--engine", "fake", "--option", "loading=2", "--option", "pace=200"]
    words = command("serve", run, *fake, "--port", 0)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PGPASSWORD": "secret-7", "DJANGO_KEY": "secret-7"}
    log = (tmp_path / "out").open("w+")
    serving = subprocess.Popen([*words, "--state", str(tmp_path / "state")], env=env, stderr=log, stdout=log)
    try:
        tab = Tab(until(lambda: address_in(tmp_path / "out", serving)), 0, 0, None)  # type: ignore[arg-type]
        states = set()
        until(lambda: states.add(s := tab.patiently("GET", "/api/me")["ready"]["state"]) or s == "ready")
        assert states <= {"none", "loading", "ready"}
        talk = tab.patiently("POST", "/api/talks", {"mode": "single"})["id"]
        tab._talk = talk
        asked = tab._ask("c1")
        tab.read(asked)
        assert asked.end is not None and asked.end["s"] == "done" and asked.text.startswith("mc1_satu0 ")
        until(lambda: tab.patiently("GET", f"/api/talks/{talk}")["messages"][1]["state"] == "done")
        until(lambda: "answers as demo,demo-base" in (tmp_path / "out").read_text())
        rows = json.loads((tmp_path / "state" / "processes.json").read_text())
        pids = [row["pid"] for row in rows.values()]
        if sys.platform == "linux":
            seen = Path(f"/proc/{rows['worker-1']['pid']}/environ").read_bytes()
            assert b"RANTAU_REDIS=unix://" in seen and b"secret-7" not in seen and b"RANTAU_SITE" not in seen
        serving.send_signal(signal.SIGINT)
        assert serving.wait(90) == 0
        if sys.platform == "linux":
            assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    finally:
        serving.kill()
        serving.wait()
        log.close()
    assert "stopped; what was asked is kept" in (tmp_path / "out").read_text()


def address_in(out: Path, serving: subprocess.Popen[bytes]) -> str | None:
    assert serving.poll() is None, out.read_text()
    found = [word for word in out.read_text().split() if word.startswith("http://")]
    return found[0] if found else None
