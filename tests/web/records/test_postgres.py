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

import httpx
import pytest
from bench.serving.chat import free_port

from rantau.web.site import Site, write_site
from tests.waiting import until

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
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    who = as_somebody()
    folder = Path(tempfile.mkdtemp(prefix="rantau-pg-"))
    if who:
        os.chown(folder, who["user"], who["group"])
    data = str(folder / "data")
    try:
        run(folder, "initdb", "-D", data, "-U", "ana", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run(folder, "pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            run(folder, "createdb", "-h", str(folder), "-U", "ana", "chat")
            yield f"postgresql://ana@/chat?host={folder}"
        finally:
            run(folder, "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, name: str, *arguments: str) -> None:
    """One of PostgreSQL's programs."""
    bin_, who = binaries(), as_somebody()
    assert bin_ is not None
    done = subprocess.run(
        [str(bin_ / name), *arguments], cwd=folder, capture_output=True, text=True, check=False,
        extra_groups=[] if who else None, **who,
    )  # type: ignore[call-overload]  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_promise_on_postgres(postgres: str, site: Site, tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    path = tmp_path / "site.json"
    write_site(path, replace(site, database=postgres))
    env = {**os.environ, "RANTAU_SITE": str(path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WALK], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


MOST, N_SOCKETS, N_STREAMS, N_REQUESTS = 20, 100, 60, 200
CROWD = """
import asyncio, json, uuid, django
from concurrent.futures import ThreadPoolExecutor
django.setup()
import httpx, websockets
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from rantau.web.records.models import Generation, Talk
from rantau.web.site import current
from rantau.web.talks.submit import submit
from tests.web.running import Web

call_command("migrate", verbosity=0)
people = [get_user_model().objects.create_user(f"p{n}") for n in range(25)]
web, cookies, made = Web(current().port), [], []
for person in people:
    talk = Talk.objects.create(owner=person)
    made.append(submit(person, talk, text="halo", client_id=uuid.uuid4().hex, parent=None))
    cookies.append(web.headers(person))
n_sockets, n_streams, n_requests, most = N

counter = ThreadPoolExecutor(1)

def count():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]

async def counted():
    return await asyncio.get_running_loop().run_in_executor(counter, count)

async def socket(n):
    who = n % len(people)
    one = await websockets.connect(web.socket, additional_headers=cookies[who], open_timeout=60)
    assert json.loads(await one.recv())["t"] == "hello"
    await one.send(json.dumps({"t": "sub", "gen": names[who]}))
    assert json.loads(await one.recv())["t"] == "st"
    return one

async def stream(client, n):
    who = n % len(people)
    request = client.build_request("GET", f"{web.url}/api/generations/{names[who]}/events", headers=cookies[who])
    said = await client.send(request, stream=True)
    assert said.status_code == 200, said.status_code
    lines = said.aiter_lines()
    while not (await anext(lines)).startswith("event: st"):
        pass
    return said, lines  # which closes the stream when it is forgotten

async def main():
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, timeout=120, limits=limits) as client:
        sockets = await asyncio.gather(*(socket(n) for n in range(n_sockets)))
        streams = await asyncio.gather(*(stream(client, n) for n in range(n_streams)))
        found = [await counted()]
        asking = [client.get(f"{web.url}/api/talks", headers=cookies[n % len(people)]) for n in range(n_requests)]
        tasks = [asyncio.ensure_future(one) for one in asking]
        while not all(task.done() for task in tasks):
            found.append(await counted())
            await asyncio.sleep(0.01)
        assert {task.result().status_code for task in tasks} == {200}
        assert max(found) <= most, found
        print(found[0], max(found))
        await asyncio.gather(*(said.aclose() for said, _ in streams), *(one.close() for one in sockets))

names = [str(one.answers[0].generations.get().id) for one in made]
asyncio.run(main())
"""


@pytest.fixture
def web(postgres: str, site: Site, tmp_path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """A web process with a pool of 15; its port, and the environment of those who look at it."""
    pytest.importorskip("psycopg_pool", reason="the extra `postgres` is not installed")
    port, path = free_port(), tmp_path / "site.json"
    limits = replace(site.limits, queue=1000, each_owner=1000)
    write_site(path, replace(site, database=f"{postgres}&pool_size=15", port=port, limits=limits))
    env = {**os.environ, "RANTAU_SITE": str(path), "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-m", "rantau.web", "web"], cwd=ROOT, env=env)
    try:
        until(lambda: status(port, "/healthz") == 200 or process.poll() is not None)
        yield port, env
    finally:
        process.kill()
        process.wait()


def test_a_crowd_does_not_use_up_the_connections(web: tuple[int, dict[str, str]]) -> None:
    """Sockets and streams that stay open hold none of them; requests that come at once wait in line for a few."""
    crowd = CROWD.replace("= N\n", f"= {N_SOCKETS}, {N_STREAMS}, {N_REQUESTS}, {MOST}\n")
    done = subprocess.run(
        [sys.executable, "-c", crowd], cwd=ROOT, env=web[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_server_that_is_restarted_is_found_again(web: tuple[int, dict[str, str]], postgres: str) -> None:
    folder = Path(postgres.partition("host=")[2])
    keyed = {"Authorization": "Bearer nobody"}  # the database says that there is no such key
    assert status(web[0], "/v1/models", **keyed) == 401
    run(folder, "pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
    assert status(web[0], "/v1/models", **keyed) == 503
    assert status(web[0], "/healthz") == 200
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run(folder, "pg_ctl", "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start")
    until(lambda: status(web[0], "/v1/models", **keyed) == 401)


def status(port: int, path: str, **headers: str) -> int:
    """0 if nobody is there."""
    try:
        return httpx.get(
            f"http://127.0.0.1:{port}{path}", headers=headers, timeout=60, trust_env=False
        ).status_code
    except httpx.TransportError:
        return 0
