"""rantau serve"""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rantau.cli.options import name_argument, run_folder, runs_option
from rantau.cli.serving_options import LIBRARIES, check_engine, check_libraries, engine, run_of
from rantau.errors import RequestError

if TYPE_CHECKING:
    from rantau.web.site import Site

HELP = (
    "Chat with the model of run NAME (default: the latest) in a browser, and compare it with what it was before. "
    "One command starts all: a broker, the web pages, workers with the models. Ctrl-C ends it; what was asked is "
    "kept."
)
INTERFACES = {"ind": "id", "zsm": "id", "msa": "id", "kor": "ko"}
WISH = {"max_tokens": 512, "temperature": 0.7, "top_k": 40, "top_p": 0.9, "repetition_penalty": 1.1}
"""As rantau chat asks."""


@click.command("serve", help=HELP)
@name_argument
@runs_option
@engine
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 = a free one.")
@click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes with the models.")
@click.option(
    "--redis",
    "redis_url",
    envvar="RANTAU_REDIS",
    metavar="URL",
    help="A broker that runs already, for workers of other machines [default: one of its own].",
)
@click.option(
    "--db",
    "database",
    envvar="RANTAU_DB",
    metavar="URL",
    help="postgresql://user:password@host/name [default: SQLite in the state folder].",
)
@click.option("--accounts", is_flag=True, help="Everybody signs in; needed for any --host but this machine.")
@click.option("--add-user", metavar="NAME", help="Make an account that may do everything, then end.")
@click.option("--write-site", is_flag=True, help="Write site.json for processes started apart, then end.")
@click.option("--allow", "hosts", multiple=True, metavar="NAME", help="Names that others reach the site by.")
@click.option("--behind-tls", is_flag=True, help="A proxy in front speaks https: cookies are for it alone.")
@click.option(
    "--interface", type=click.Choice(["en", "id", "ko"]), help="Of the pages [default: of the language]."
)
@click.option(
    "--keep-days", type=click.IntRange(0), default=0, help="Delete talks unused for so long [default: never]."
)
@click.option(
    "--keep-deleted-days", type=click.IntRange(0), default=30, show_default=True, help="Until gone for good."
)
@click.option(
    "--each-mib", type=click.IntRange(0), default=256, show_default=True, help="Talks kept of one person."
)
@click.option("--state", type=click.Path(path_type=Path), help="Database, logs and keys [default: RUN/serve].")
@click.option("--idle-s", type=click.FloatRange(0.1), default=10.0, show_default=True, help="See rantau worker.")
@click.option("--tries", type=click.IntRange(1), default=3, show_default=True, help="See rantau worker.")
def command(name: str | None, runs_path: Path, **given: Any) -> None:
    check_libraries(LIBRARIES)
    run = run_of(name, runs_path) if name else run_folder(runs_path, None)
    folder = (given["state"] or run / "serve").absolute()
    _refuse_open_house(given)
    if given["workers"]:
        check_engine(given["engine"], given["options"])
    if given["add_user"]:
        site = _site(run, folder, {**given, "accounts": True}, given["port"])
        _add_user(site, folder, given["add_user"])
        return
    if given["write_site"]:
        if given["redis_url"] is None:
            raise RequestError(
                "--write-site: processes that are started apart need a broker that runs. Name it: --redis "
                "redis://HOST:6379."
            )
        _write_site(_site(run, folder, given, given["port"]), folder)
        return
    from rantau.cli.house import House

    with _free_port(given["host"], given["port"]) as port:
        House(run, folder, _site(run, folder, given, port), given).serve()


def _refuse_open_house(given: dict[str, Any]) -> None:
    """Raises   RequestError where strangers could read along"""
    from rantau.web.site import LOOPBACK

    if given["host"] not in LOOPBACK and not given["accounts"]:
        raise RequestError(
            f"--host {given['host']}: others could reach this chat, so it needs accounts. Make one with "
            "`rantau serve --add-user NAME`, then start it with --accounts; or listen on 127.0.0.1."
        )
    through = "--behind-tls" if given["behind_tls"] else "--allow" if given["hosts"] else None
    if through and not given["accounts"] and not given["add_user"]:
        raise RequestError(
            f"{through}: whoever comes through a proxy looks as if sitting here, so this chat needs accounts. "
            "Make one with `rantau serve --add-user NAME`, then start it with --accounts."
        )


@contextmanager
def _free_port(host: str, port: int) -> Iterator[int]:
    """The port; inside the block no other program gets it, and the pages can still listen there.

    Raises   RequestError if somebody listens there, or the address is not this machine's
    """
    import socket

    with ExitStack() as held:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            probe = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            found = int(probe.getsockname()[1])
        except OSError as error:
            raise RequestError(
                f"--host {host} --port {port}: {error.strerror or error}. Another program may listen there: try "
                f"--port {port + 1 if port else 8000}."
            ) from error
        if sys.platform != "linux":
            held.close()  # elsewhere a port that is held cannot be listened at either
        yield found


def _site(run: Path, folder: Path, given: dict[str, Any], port: int) -> Site:
    from rantau.serving.broker import broker_url
    from rantau.serving.revisions import revisions_of
    from rantau.web.database import database_of
    from rantau.web.site import Served, Site, SiteLimits

    if given["database"]:
        database_of(given["database"])  # refuses what is none before anything starts
    revisions = revisions_of(run, ("adapted", "base") if given["with_base"] else ("adapted",))
    language = revisions[0].language
    context = given["context"]
    return Site(
        folder=str(folder),
        broker=given["redis_url"] or broker_url(folder / "broker"),
        database=given["database"] or f"sqlite:///{folder / 'chat.db'}",
        host=given["host"], port=port, hosts=given["hosts"],
        single_user=not given["accounts"], secure=given["behind_tls"],
        models=tuple(
            Served(r.name, r.title, r.kind, r.digest, r.language, min(context, r.context or context))
            for r in revisions
        ),
        language=language, interface=given["interface"] or INTERFACES.get(language, "en"),
        wish=WISH, cannot=_cannot(given), limits=SiteLimits(each_mib=given["each_mib"]),
        keep_days=given["keep_days"], keep_deleted_days=given["keep_deleted_days"],
    )  # fmt: skip


def _cannot(given: dict[str, Any]) -> tuple[str, ...]:
    """Fields of a wish that the engine would refuse; docs/serving.md has the table."""
    from rantau.serving.engines.wishes import CTRANSLATE2, PLAIN_SERVER

    if given["engine"] == "openai" and given["options"].get("fields") == "plain":
        return PLAIN_SERVER
    return CTRANSLATE2 if given["engine"] == "ctranslate2" else ()


def _write_site(site: Site, folder: Path) -> None:
    from rantau.web.site import VARIABLE, write_site

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_site(folder / "site.json", site)
    click.echo(f"{VARIABLE}={folder / 'site.json'} tells the processes of this chat where everything is.")


def _add_user(site: Site, folder: Path, name: str) -> None:
    from rantau.web.site import VARIABLE, write_site

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    word = getpass.getpass(f"Password for {name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    told = folder / f"site.{os.getpid()}.json"  # site.json is of the chat that may run from this folder
    write_site(told, site)
    try:
        made = subprocess.run(
            [sys.executable, "-m", "rantau.web", "user", name, "--admin"], input=f"{word}\n", text=True,
            env={**os.environ, VARIABLE: str(told)}, capture_output=True, check=False,
        )  # fmt: skip
    finally:
        told.unlink()
    if made.returncode:
        raise RequestError(f"--add-user: {made.stderr.strip()}")
    click.echo(f"{name} has an account. Start the chat with --accounts.")
