"""rantau worker"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rantau.cli.options import runs_option
from rantau.cli.serving_options import check_engine, check_libraries, engine, run_of

if TYPE_CHECKING:
    from rantau.serving.engines.building import Asked
    from rantau.serving.engines.engine import Engine

HANGING, CLOSE_S = 75, 5.0
HELP = (
    "Answer the prompts of a chat as the models of runs. It asks the broker for work and listens on nothing; "
    "several share the work, also from other machines. SIGTERM lets it end what it has begun, up to 20 s."
)


@click.command("worker", help=HELP)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--redis", "url", required=True, envvar="RANTAU_REDIS", metavar="URL", help="Of the broker.")
@runs_option
@engine
@click.option("--pool", default="main", show_default=True, help="Of workers that answer the same prompts.")
@click.option("--name", help="Unique among the living [default: host, process and a random part].")
@click.option(
    "--idle-s", type=click.FloatRange(0.1), default=10.0, show_default=True,
    help="After so long without a word a worker's prompts go to others; equal for all workers of a pool.",
)  # fmt: skip
@click.option(
    "--tries",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="A prompt that so many workers did not survive is given up.",
)
@click.option("--chat", default="", envvar="RANTAU_CHAT", metavar="ID", help="Answer this chat and no other one.")
def command(runs: tuple[str, ...], url: str, runs_path: Path, pool: str, name: str | None, **given: Any) -> None:
    check_libraries(("redis",))
    check_engine(given["engine"])
    from rantau.serving.child import forget_secrets
    from rantau.serving.engines.building import Asked

    forget_secrets()
    made = name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    asked = Asked(
        tuple(run_of(run, runs_path) if given["engine"] != "fake" else Path(run) for run in runs),
        ("adapted", "base") if given["with_base"] else ("adapted",),
        given["device"], given["slots"], given["context"], given["threads"], given["options"],
    )  # fmt: skip
    _serve(url, pool, made, asked, given)


def _serve(url: str, pool: str, name: str, asked: Asked, given: dict[str, Any]) -> None:
    """Loads, then answers until it is told to stop."""
    from rantau.serving.queue import Claims, connect
    from rantau.serving.revisions import name_of
    from rantau.serving.worker import Worker

    signal.signal(signal.SIGTERM, _leave)  # while it loads there is nothing to end well
    names = [name_of(run, kind) for run in asked.runs for kind in asked.kinds]
    _check_tenant(url, names, given["chat"], name, wait=False)
    made = _load(url, pool, name, asked, given["engine"])
    try:
        _check_tenant(url, made.models, given["chat"], name, wait=True)
        claims, beats = (
            Claims(connect(url), name, pool, int(1000 * given["idle_s"]), given["tries"]) for _ in range(2)
        )
        worker = Worker(claims, beats, made, on_hang=_hang)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stopping.set())
        click.echo(f"{name}: ready as {', '.join(made.models)}", err=True)
        worker.run()
        click.echo(f"{name}: has left", err=True)
    finally:
        _close(made)


def _close(engine: Engine) -> None:
    """Also after an error: its threads would go on. One that hangs holds nobody back."""
    closing = threading.Thread(target=engine.close, daemon=True)
    closing.start()
    closing.join(CLOSE_S)


def _check_tenant(url: str, models: Sequence[str], chat: str, name: str, *, wait: bool) -> None:
    """Raises   RequestError if the broker is not for this worker. wait: until it answers"""
    from rantau.serving.queue import BrokerLost, check_server, check_tenant, connect

    client = connect(url)
    try:
        while True:
            try:
                check_server(client)
                check_tenant(client, models, chat)
                return
            except BrokerLost:
                if not wait:
                    click.echo(f"{name}: the broker does not answer yet; it is asked until it does", err=True)
                    return
                time.sleep(0.2)
    finally:
        client.close()


def _load(url: str, pool: str, name: str, asked: Asked, engine_name: str) -> Engine:
    from rantau.cli.converting import convert
    from rantau.serving.engines.building import build_engine
    from rantau.serving.loading import Loading
    from rantau.serving.queue import Presence, connect

    client = connect(url)
    with Loading(Presence(client), name, pool=pool, slots=asked.slots) as loading:

        def says(share: float, what: str) -> None:
            loading.says(share, what)
            click.echo(f"{name}: {share:.0%} {what}", err=True)

        convert(engine_name, asked, says)
        return build_engine(engine_name, asked, says)


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _hang() -> None:
    """Nothing else ends a call that does not return; its prompts go to others."""
    click.echo("the engine hangs: this worker ends", err=True)
    os._exit(HANGING)
