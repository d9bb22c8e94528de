"""rantau chat"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from rantau.cli.machine_file import machine_option
from rantau.cli.options import device_option, name_argument, run_folder, runs_option
from rantau.errors import RantauError

HELP = "Commands: /new starts a new talk, /system TEXT sets the system prompt, /quit ends. Ctrl-C stops an answer."


@click.command("chat", help="Talk with the model of run NAME (default: the latest). " + HELP)
@name_argument
@runs_option
@click.option("--base", is_flag=True, help="Talk with the model as it was before.")
@click.option("--system", help="System prompt.")
@click.option("--temperature", type=click.FloatRange(0), default=0.7, show_default=True, help="0 = greedy.")
@click.option("--top-k", type=click.IntRange(0), default=40, show_default=True, help="0 = off.")
@click.option(
    "--top-p", type=click.FloatRange(0, 1, min_open=True), default=0.9, show_default=True, help="1 = off."
)
@click.option("--repetition-penalty", type=click.FloatRange(1), default=1.1, show_default=True, help="1 = off.")
@click.option("--max-tokens", type=click.IntRange(1), default=200, show_default=True, help="Longest answer.")
@click.option("--seed", type=int, help="Seed of the sampling [default: another one each time].")
@machine_option
@device_option
def command(
    name: str | None, runs_path: Path, base: bool, device: str, system: str | None, **sampling: Any
) -> None:
    from rantau.cli.talk import Talk

    talk = Talk.of_run(run_folder(runs_path, name), base=base, device=device, system=system, sampling=sampling)
    click.echo(f"{talk.title}. {HELP}", err=True)
    for line in _lines():
        if line == "/quit":
            break
        if line == "/new":
            talk.clear()
        elif line.startswith("/system"):
            talk.system = line.removeprefix("/system").strip() or None
            talk.clear()
        elif line:
            _answer(talk, line)


def _answer(talk: Any, line: str) -> None:
    """Prints pieces as they come; Ctrl-C ends this answer only."""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        for piece in talk.ask(line, lambda: stopped):
            sys.stdout.write(piece)
            sys.stdout.flush()
        sys.stdout.write("\n")
        if stopped:
            click.echo("(stopped)", err=True)
    except RantauError as error:
        click.echo(f"{error} (/new starts a new talk)", err=True)
    finally:
        signal.signal(signal.SIGINT, before)


def _lines() -> Iterator[str]:
    """Lines of the user; a pipe works too. Ctrl-D ends; Ctrl-C at the prompt asks again."""
    terminal = sys.stdin.isatty()
    if terminal:
        import readline  # noqa: F401  line editing and history for input()
    while True:
        try:
            yield (input("> ") if terminal else input()).strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            click.echo("\n(Ctrl-D or /quit ends the talk)", err=True)
