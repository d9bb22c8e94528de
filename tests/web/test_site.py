"""The site's file, its database and its key."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from rantau.errors import RequestError
from rantau.web.database import SILENCE, database_of
from rantau.web.site import Served, Site, SiteLimits, read_site, secret_key, write_site

SITE = Site(
    folder="/s", broker="redis://h", database="sqlite:///s/a.db", models=(Served("demo", "Demo", "adapted"),),
    hosts=("a.org",), limits=SiteLimits(queue=3), wish={"temperature": 0.1},
)  # fmt: skip


def test_a_site_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    write_site(path, SITE)
    assert read_site(path) == SITE and path.stat().st_mode & 0o777 == 0o600


def test_a_site_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_, **__: None)  # nothing may hang on what comes afterwards
    path = tmp_path / "site.json"
    write_site(path, SITE)
    assert path.stat().st_mode & 0o777 == 0o600


def test_behind_a_proxy_there_are_accounts() -> None:
    with pytest.raises(RequestError, match="a chat behind a proxy needs accounts"):
        replace(SITE, single_user=True, secure=True)


@pytest.mark.parametrize("name", ["*", ".example.org", "", "a b", "http://a.org", "a.org/x", "a.org:80"])
def test_a_name_of_the_site_is_one_name(name: str) -> None:
    with pytest.raises(RequestError, match="no name of a site"):
        replace(SITE, hosts=("a.org", name))
    assert replace(SITE, hosts=("chat-1.example.org", "192.0.2.1", "fd00::1")).hosts


@pytest.mark.parametrize(
    "fields", [{"keep_days": -1}, {"keep_deleted_days": -1}, {"limits": SiteLimits(each_mib=-1)}]
)
def test_nothing_is_kept_for_less_than_no_time(fields: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="must be 0 or more"):
        replace(SITE, **fields)


def test_a_file_that_is_no_site(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"folder": "x"}')
    with pytest.raises(RequestError, match=r"a.json: no description of a chat"):
        read_site(tmp_path / "a.json")


def test_all_processes_have_one_key(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(secret_key(tmp_path / "s"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1 and len(found[0]) > 60
    assert (tmp_path / "s" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in (tmp_path / "s").iterdir()] == ["secret.key"]


def test_addresses_of_databases() -> None:
    assert database_of("sqlite:////var/a%20b.db")["NAME"] == "//var/a b.db"
    assert database_of("sqlite:///var/a.db")["NAME"] == "/var/a.db"
    found = database_of("postgresql://ana:p%40ss@db:5433/chat?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("ana", "p@ss", "db", "5433")
    assert (found["NAME"], found["OPTIONS"]) == ("chat", {**SILENCE, "sslmode": "require"})
    slow = database_of("postgresql://db/chat?tcp_user_timeout=90000")["OPTIONS"]
    assert slow == {**SILENCE, "tcp_user_timeout": "90000"}


@pytest.mark.parametrize("size", ["0", "-1", "x", "10000", "9" * 99, ""])
def test_a_process_holds_so_many_connections_as_its_address_says(size: str) -> None:
    found = database_of("postgresql://db/chat?pool_size=7&sslmode=require")
    assert (found["POOL_SIZE"], found["OPTIONS"]) == (7, {**SILENCE, "sslmode": "require"})
    with pytest.raises(RequestError, match=r"pool_size=.*whole number of connections"):
        database_of(f"postgresql://db/chat?a=b&pool_size={size or '+'}")


@pytest.mark.parametrize(
    "url",
    ["", "mysql://ana:secret@h/d", "sqlite://host/x", "sqlite:///", "postgresql://h",
     "postgresql://ana:secret/x@h/d", "postgresql://ana:secret#x@h/d"],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(RequestError, match="no address of a database") as told:
        database_of(url)
    assert "secret" not in str(told.value)
