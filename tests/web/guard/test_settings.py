"""Settings of a site that the world reaches: Django's own check finds nothing."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client

from rantau.web.logs import JsonFormatter
from rantau.web.site import write_site
from tests.web.house import SITE

SHOW = """
import django, json
django.setup()
from django.conf import settings as s
print(json.dumps([s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_NAME, s.SECURE_SSL_REDIRECT,
                  s.SECURE_HSTS_SECONDS, s.DEBUG, s.ALLOWED_HOSTS]))
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    site = replace(SITE, folder=str(tmp_path), database=f"sqlite://{tmp_path}/a.db", secure=True, hosts=("a.org",))
    write_site(tmp_path / "site.json", site)
    return {
        **os.environ, "RANTAU_SITE": str(tmp_path / "site.json"), "DJANGO_SETTINGS_MODULE": "rantau.web.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip


def run(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_check_for_deployment_is_clean(env: dict[str, str]) -> None:
    run(env, "-m", "rantau.web", "manage", "check", "--deploy", "--fail-level", "WARNING")


def test_migrations_are_complete(env: dict[str, str]) -> None:
    run(env, "-m", "rantau.web", "manage", "makemigrations", "--check", "--dry-run")


def test_behind_tls_cookies_are_bound_to_it(env: dict[str, str]) -> None:
    told = json.loads(run(env, "-c", SHOW))
    hosts = ["127.0.0.1", "[::1]", "localhost", "a.org"]
    assert told == [True, True, "__Host-session", True, 31_536_000, False, hosts]


def test_the_database_is_for_its_owner_only(env: dict[str, str], tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        run(env, "-m", "rantau.web", "manage", "migrate", "--verbosity", "0", "contenttypes")
    finally:
        os.umask(before)
    assert (tmp_path / "a.db").stat().st_mode & 0o077 == 0


def test_what_is_refused_fills_no_log(http_anonymous: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert http_anonymous.get("/api/me", headers={"Host": "rebound.example.org"}).status_code == 400
    assert Client(enforce_csrf_checks=True).post("/api/login").status_code == 403
    assert http_anonymous.get("/nothing").status_code in (302, 404)
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).warning("Invalid HTTP request received.")
    assert caplog.records == []


def test_logs_tell_what_broke_and_no_content() -> None:
    try:
        raise ValueError("isi percakapan")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f.py", 1, "broke", (), sys.exc_info())
    record.generation = "g1"
    row = json.loads(JsonFormatter().format(record))
    assert (row["message"], row["generation"], row["error"]) == ("broke", "g1", "ValueError")
    assert "isi" not in str(row) and row["where"]
