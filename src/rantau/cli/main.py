"""The group of commands; each one is imported when it is asked for, so --help stays quick."""

from __future__ import annotations

import importlib
import os
import sys

import click

from rantau import __version__
from rantau.errors import RantauError

COMMANDS = {
    "init": "Write a commented recipe for a language.",
    "check": "Check a recipe and the files that it names.",
    "plan": "Tell what a run would do and cost, without doing it.",
    "run": "Run a recipe: curate, train, measure, report, export.",
    "show": "Show the results of a run; --verify recomputes every hash.",
    "data": "The data alone: draw a sample; rows as they are read, and as they are learnt.",
    "study": "Run variations of a recipe, repeated, and compare them.",
    "chat": "Talk with the adapted model, or with --base as it was before.",
    "serve": "Chat in a browser: a site with accounts, history and a blind comparison.",
    "worker": "Answer the prompts of a chat, on this machine or another one.",
    "export": "Copy the bundle of a run out of the store.",
    "graft": "Put the adapter of a run on a sibling of its base, such as the instruct model.",
    "doctor": "Say what this machine can do, and how to mend what is missing.",
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"rantau.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"no command {args[0]!r}.{hint} See rantau --help.")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rantau")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def group(debug: bool) -> None:
    """Take a language model to a new language, and measure that it arrived."""


def main() -> None:
    """Exit 0 done, 1 the work failed, 2 the request was wrong, 130 stopped by Ctrl-C."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait must not take a core from others
    debug = "--debug" in sys.argv
    try:
        group(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped; what is finished is kept, run again to continue", err=True)
        sys.exit(130)
    except RantauError as error:
        if debug:
            raise
        for line in str(error).splitlines():
            click.echo(f"{type(error).__name__}: {line}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        what = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        click.echo(f"rantau failed in a way that it did not foresee: {what}", err=True)
        click.echo("Run the same command with `rantau --debug ...` and report the traceback.", err=True)
        sys.exit(1)
