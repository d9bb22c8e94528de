"""Files for other programs: they are read as far as that goes without the programs, and what they start exists."""

import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from rantau.cli.main import group
from rantau.errors import RequestError
from rantau.web import __main__ as web
from rantau.web.guard import bodies

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
    assert service["RestartPreventExitStatus"] == str(RequestError.exit_code)


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_systemd_takes_the_units(path: Path, tmp_path: Path) -> None:
    """What they start is not here. The threshold is of 100, 0 = shut in entirely."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    here = tmp_path / path.name.replace("@", "@demo")
    here.write_text(re.sub("ExecStart=.*", "ExecStart=/bin/true", path.read_text()))
    analyze(["verify", "--man=no"], here)
    analyze(["security", "--offline=true", "--threshold=40", "--no-pager"], here)


def analyze(words: list[str], unit: Path) -> None:
    told = subprocess.run(["systemd-analyze", *words, str(unit)], capture_output=True, text=True, check=False)
    if "unrecognized option" in told.stderr:
        pytest.skip("this systemd is older than 250")
    assert told.returncode == 0 and unit.name not in told.stderr, told.stderr + told.stdout[-200:]


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_units_come_back_however_often_it_was_in_vain(path: Path) -> None:
    """By itself systemd gives a unit up that ends five times in 10 s: a database that starts slowly is enough."""
    assert "[Unit]" in (before := path.read_text().partition("[Service]")[0])
    assert "\nStartLimitIntervalSec=0\n" in before


def test_a_worker_has_a_user_of_its_own_a_limit_and_no_door() -> None:
    text = {path.name: path.read_text().splitlines() for path in UNITS}
    worker, web = text["rantau-worker@.service"], text["rantau-web.service"]
    assert {"User=rantau-worker", "MemoryMax=80%", "SocketBindDeny=any", "NoNewPrivileges=true"} <= set(worker)
    assert "User=rantau-worker" not in web and not any("RANTAU_SITE=" in line for line in worker)
    service = YAML(typ="safe", pure=True).load((FOLDER / "compose.yaml").read_text())["services"]
    assert (
        service["worker"]["mem_limit"]
        and service["worker"]["read_only"]
        and service["worker"]["cap_drop"] == ["ALL"]
    )
    assert service["worker"]["user"] not in {service[name].get("user") for name in ("web", "finalizer")}
    assert "secrets" not in service["worker"] and "./state:/state" not in service["worker"]["volumes"]
    assert service["worker"]["environment"]["RANTAU_REDIS"].startswith("redis://worker:")


SIZES = {"m": 2**20, "g": 2**30}


def size(text: str) -> int:
    """Bytes of 512m, 1G or 512mb."""
    number, unit = re.fullmatch(r"(\d+)([mg])b?", text.lower()).groups()  # type: ignore[union-attr]
    return int(number) * SIZES[unit]


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_no_unit_takes_the_machine_with_it(path: Path) -> None:
    """Memory has an end, swap does not stretch it, and so have processes."""
    found = dict(line.split("=", 1) for line in path.read_text().splitlines() if re.match(r"\w+=", line))
    most = found["MemoryMax"]
    assert most == "80%" if "worker" in path.name else 2**28 <= size(most) <= 2**31
    assert found["MemorySwapMax"] == "0" and 16 <= int(found["TasksMax"]) <= 4096


def test_no_container_takes_the_machine_with_it() -> None:
    services = YAML(typ="safe", pure=True).load((FOLDER / "compose.yaml").read_text())["services"]
    most = {name: size(service["mem_limit"]) for name, service in services.items()}
    assert min(most.values()) >= 2**28 and most["worker"] == max(most.values())
    assert all("pids_limit" in services[name] for name in ("web", "finalizer", "worker"))
    command = services["broker"]["command"]
    assert most["broker"] >= 2 * size(command[command.index("--maxmemory") + 1])  # it forks to write its file anew


def test_the_brokers_users_are_those_that_the_files_name() -> None:
    users = {line.split()[1] for line in (FOLDER / "users.acl").read_text().splitlines()}
    assert users == {"default", "web", "finalizer", "serve", "worker"}
    assert "user default off" in (FOLDER / "users.acl").read_text()
    assert "users.acl" in (FOLDER / "compose.yaml").read_text()
    assert "serving/users.acl" in (FOLDER.parent / "serving.md").read_text()


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
    text = re.sub(r"(^|\s)#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"'[^']*'", "''", text)
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
    here = "server > "
    for directive in (
        "proxy_read_timeout 3600s", "proxy_buffering off", "proxy_http_version 1.1",
        "proxy_set_header Upgrade $http_upgrade", "proxy_set_header Connection $connection_upgrade",
        "proxy_set_header X-Forwarded-Proto https", "proxy_set_header Host $http_host",
    ):  # fmt: skip
        assert here + directive in found
    assert "upstream rantau > server 127.0.0.1:8000" in found


def test_the_nginx_example_takes_what_the_site_takes() -> None:
    found = blocks((FOLDER / "nginx.conf").read_text())
    for path, place in [("", ""), *((path, f"location = {path} > ") for path in bodies.LARGE)]:
        (most,) = (line for line in found if line.startswith(f"server > {place}client_max_body_size"))
        assert size(most.split()[-1]) >= bodies.limit_of(path)


@pytest.mark.parametrize("text", ["server { listen 80 }", "server { listen 80;", "listen 80; }", "{ a; }", "a; ;"])
def test_what_nginx_would_refuse_is_found(text: str) -> None:
    with pytest.raises(AssertionError):
        blocks(text)
