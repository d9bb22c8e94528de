"""Files for other programs: they are read as far as that goes without the programs, and what they start exists."""

import re
import shlex
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from rantau.cli.main import group
from rantau.web import __main__ as web

FOLDER = Path(__file__).parents[2] / "docs" / "serving"
UNITS = sorted(FOLDER.glob("*.service"))


def check_command(words: list[str]) -> None:
    """A command of rantau parses; `python -m rantau.web` knows the process."""
    if Path(words[0]).name == "rantau":
        command = group.get_command(click.Context(group), words[1])
        assert command is not None, words
        command.make_parser(click.Context(command)).parse_args(words[2:])
    else:
        assert Path(words[0]).name == "python" and words[1:3] == ["-m", "rantau.web"], words
        assert words[3] in web.USAGE


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_units_start_what_there_is(path: Path) -> None:
    unit: Any = ConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str
    unit.read_string(path.read_text())
    assert unit.sections() == ["Unit", "Service", "Install"]
    service = unit["Service"]
    check_command(shlex.split(service["ExecStart"].replace("%i", "demo")))
    assert int(service["TimeoutStopSec"]) > 20 and service["User"] and service["NoNewPrivileges"] == "true"
    assert ("RANTAU_SITE" in service.get("Environment", "")) == ("rantau.web" in service["ExecStart"])


def test_the_compose_file_starts_what_there_is() -> None:
    found = YAML(typ="safe", pure=True).load((FOLDER / "compose.yaml").read_text())
    services = found["services"]
    assert set(services) == {"broker", "database", "web", "finalizer", "worker"}
    for name, service in services.items():
        if service["image"] == "rantau":
            check_command(service["command"])
        assert set(service["networks"]) <= set(found["networks"]), name
        assert all(volume.split(":")[0].startswith(".") or volume.split(":")[0] in found["volumes"]
                   for volume in service.get("volumes", ()))  # fmt: skip
        assert set(service.get("depends_on", ())) <= set(services)
    listening = [name for name, service in services.items() if "ports" in service]
    assert listening == ["web"] and found["networks"]["inner"]["internal"]
    assert "RANTAU_SITE" not in services["worker"]["environment"]
    assert {"noeviction", "everysec"} <= set(services["broker"]["command"])


def blocks(text: str) -> list[str]:
    """Directives of nginx, each with the blocks around it; an unclosed one is an error."""
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    found, around, words = list[str](), list[str](), ""
    for part in re.split(r"([;{}])", text):
        if part == ";":
            assert words, f"a ; without a directive in {around}"
            found.append(" > ".join([*around, words]))
            words = ""
        elif part == "{":
            assert words, "a block without a name"
            around.append(words)
            words = ""
        elif part == "}":
            assert around and not words, f"{words!r} has no ;"
            around.pop()
        else:
            words = " ".join(part.split())
    assert not around and not words, f"{around or words} is not closed"
    return found


def test_the_nginx_example_lets_streams_through() -> None:
    found = blocks((FOLDER / "nginx.conf").read_text())
    here = "server > location / > "
    for directive in (
        "proxy_read_timeout 3600s", "proxy_buffering off", "proxy_http_version 1.1",
        "proxy_set_header Upgrade $http_upgrade", "proxy_set_header Connection $connection_upgrade",
        "proxy_set_header X-Forwarded-Proto https", "proxy_set_header Host $host",
    ):  # fmt: skip
        assert here + directive in found
    assert "upstream rantau > server 127.0.0.1:8000" in found


@pytest.mark.parametrize("text", ["server { listen 80 }", "server { listen 80;", "listen 80; }", "{ a; }", "a; ;"])
def test_what_nginx_would_refuse_is_found(text: str) -> None:
    with pytest.raises(AssertionError):
        blocks(text)
