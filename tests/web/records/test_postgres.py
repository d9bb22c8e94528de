"""The same on PostgreSQL: a server of this machine, where there is one."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rantau.web.site import Site, write_site

ROOT = Path(__file__).parents[3]
WALK = """
import threading, django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from rantau.serving.queue import Admission, Finals
from rantau.web import broker
from rantau.web.records.models import Generation, Message, Talk
from rantau.web.talks.submit import submit
from rantau.web.upkeep.finalizer import keep
from rantau.web.upkeep.outbox import Outbox
from tests.web.playing import Player

assert connection.vendor == "postgresql"
call_command("migrate", verbosity=0)
ana = get_user_model().objects.create_user("ana")
talk, made, errors = Talk.objects.create(owner=ana), [], []

def send():
    try:
        made.append(submit(ana, talk, text="halo", client_id="c", parent=None))
    except Exception as error:
        errors.append(repr(error))
    finally:
        connections.close_all()

threads = [threading.Thread(target=send) for _ in range(12)]
[t.start() for t in threads], [t.join() for t in threads]
assert not errors, errors
assert Message.objects.count() == 2 and [m.new for m in made].count(True) == 1
client = broker.client()
player = Player(client)
name = str(Generation.objects.get().id)
player.say(name, "Ba", "ik\\x00")
player.end(name)
finals = Finals(client, "f", idle_ms=0)
finals.prepare()

def keep_all():
    for _ in range(3):
        keep(finals, client)
    connections.close_all()

threads = [threading.Thread(target=keep_all) for _ in range(3)]
[t.start() for t in threads], [t.join() for t in threads]
answer = Message.objects.get(role="assistant")
assert (answer.state, answer.text, answer.tokens) == ("done", "Baik\\ufffd", [1, 2]), answer.__dict__
assert Outbox(Admission(client), admit_after_s=0).sweep().admitted == 0

from rantau.web.arena.exports import FORMATS
from rantau.web.arena.results import arena_json
from rantau.web.arena.votes import cast, own_battle, take_back
from rantau.web.records.models import Battle
from rantau.web.records.revisions import revisions
from rantau.web.talks.own_data import erase_content, everything
from rantau.web.talks.search import matching
from rantau.web.talks.share import make_share, shared
from rantau.web.upkeep.revival import revive

assert matching(Talk.objects.all(), "HALO ba").count() == 1 and matching(Talk.objects.all(), "%").count() == 0
blind = Talk.objects.create(owner=ana, mode="blind")
submit(ana, blind, text="halo", client_id="b", parent=None)
Message.objects.filter(talk=blind, role="assistant").update(state="done", text="ya")
battle = own_battle(ana, Battle.objects.get().id)
cast(ana, battle, choice="a"), take_back(battle), cast(ana, battle, choice="bad")
assert arena_json()["left_out"]["sighted"] == 1
assert [len(list(rows(ana))) for _, rows in FORMATS.values()] == [0, 2, 1]
assert shared(make_share(talk)[1])["messages"] and len(everything(ana)["talks"]) == 2 and len(revisions()) >= 1
Generation.objects.filter(id=name).update(state="failed")
Message.objects.filter(id=answer.id).update(state="failed")
assert revive(Generation.objects.get(id=name), broker.admission())
assert erase_content(ana) == 2 and not Message.objects.exists()
"""


def binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).parent if path else None


def as_somebody() -> dict[str, int]:
    """The server refuses to run as root: then as the user that its package made, or as nobody."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid}


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Address of a database of a server that listens on a socket only."""
    bin_ = binaries()
    if bin_ is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    who = as_somebody()
    folder = Path(tempfile.mkdtemp(prefix="rantau-pg-"))
    if who:
        os.chown(folder, who["user"], who["group"])

    def run(name: str, *arguments: str) -> None:
        command = [str(bin_ / name), *arguments]
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            extra_groups=[] if who else None,
            **who,
        )  # type: ignore[call-overload]
        assert done.returncode == 0, done.stdout + done.stderr

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "ana", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            run("createdb", "-h", str(folder), "-U", "ana", "chat")
            yield f"postgresql://ana@/chat?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_promise_on_postgres(postgres: str, site: Site, tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    path = tmp_path / "site.json"
    write_site(path, replace(site, database=postgres))
    env = {**os.environ, "RANTAU_SITE": str(path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WALK], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
