"""Options that rantau serve and rantau worker share."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from rantau.cli.options import device_option, run_folder
from rantau.errors import RequestError

F = TypeVar("F", bound=Callable[..., Any])

ENGINES = ("transformers", "ctranslate2", "llama.cpp", "openai", "fake")
LIBRARIES = ("redis", "django", "channels", "uvicorn", "websockets", "whitenoise")
WEB = LIBRARIES[1:]
PACKAGES = {"ctranslate2": ("ctranslate2", "ctranslate2"), "llama.cpp": ("cyllama", "gguf")}
"""What an engine needs beyond the rest, and the extra that has it."""

engine_options = (
    click.option(
        "--base/--no-base", "with_base", default=True, show_default=True,
        help="Also answer as the model was before, to compare.",
    ),
    click.option("--engine", type=click.Choice(ENGINES), default="transformers", show_default=True),
    click.option(
        "--option", "options", multiple=True, metavar="KEY=VALUE", callback=lambda _, __, given: options_of(given),
        help="Of the engine alone; see docs/serving.md.",
    ),
    click.option("--slots", type=click.IntRange(1), default=8, show_default=True, help="Answers at once."),
    click.option(
        "--context", type=click.IntRange(64), default=2048, show_default=True,
        help="Most tokens of a talk with its answer; slots times context are kept in memory, for each model.",
    ),
    click.option("--threads", type=click.IntRange(1), help="For matrix products [default: all cores but one]."),
    device_option,
)  # fmt: skip


def engine(command: F) -> F:
    """The options of engine_options on a command."""
    for option in reversed(engine_options):
        command = option(command)
    return command


def run_of(words: str, runs: Path) -> Path:
    """A run by its folder, or by its name among the runs.

    Raises   SourceError if there is none, with the names that exist
    """
    folder = Path(words)
    return folder if (folder / "run.json").is_file() else run_folder(runs, folder.name)


def options_of(given: tuple[str, ...]) -> dict[str, str]:
    """Raises   RequestError for one that is no KEY=VALUE"""
    pairs = [one.partition("=") for one in given]
    if wrong := next((key for key, sign, _ in pairs if not sign or not key), None):
        raise RequestError(f"--option {wrong}: write it as KEY=VALUE.")
    return {key: value for key, _, value in pairs}


def check_libraries(names: tuple[str, ...]) -> None:
    """Raises   RequestError with the command that installs them"""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise RequestError(f"serving needs {', '.join(missing)}. Run: pip install 'rantau[serve]'")


def check_engine(engine: str, options: Mapping[str, str] | None = None) -> None:
    """Before a process is started that could only say it. options: None = who builds the engine looks at them

    Raises   RequestError
    """
    package, extra = PACKAGES.get(engine, ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise RequestError(f"--engine {engine} needs {package}. Run: pip install 'rantau[{extra}]'")
    if engine == "openai" and options is not None:
        from rantau.serving.engines.openai.build import read_options

        read_options(options)
