"""The place of the web room's tests: a folder, a site with database and broker there, and Django set up for it.

Import it before anything of Django; it is set up once a process.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from rantau.web.site import VARIABLE, Served, Site, SiteLimits, write_site

FOLDER = Path(tempfile.mkdtemp(prefix="rantau-web-"))
DATABASE, TEMPLATE = FOLDER / "chat.db", FOLDER / "template.db"
SITE = Site(
    folder=str(FOLDER),
    broker=f"unix://{FOLDER / 'broker' / 'broker.sock'}",
    database=f"sqlite://{DATABASE}",
    hosts=("testserver",),
    models=(
        Served("demo", "Demo", "adapted", "sha256:aa", "ind"),
        Served("demo-base", "Base", "base", "sha256:bb", "eng"),
    ),
    language="ind",
    limits=SiteLimits(per_minute=1000),
)


def set_up() -> None:
    write_site(FOLDER / "site.json", SITE)
    os.environ[VARIABLE] = str(FOLDER / "site.json")
    os.environ["DJANGO_SETTINGS_MODULE"] = "rantau.web.settings"
    import django
    from django.conf import settings

    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # the real ones are slow by design
    with patch("logging.shutdown"):  # it ends all handlers, and absl's closes its stream, which is pytest's
        django.setup()


def make_template() -> None:
    """The database with its tables, and nobody in it: every test starts with a copy."""
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    connections.close_all()
    shutil.copy(DATABASE, TEMPLATE)


def empty_database() -> None:
    """In place: threads and processes that hold a connection see it too."""
    from django.db import connections

    connections.close_all()
    with closing(sqlite3.connect(TEMPLATE)) as empty, closing(sqlite3.connect(DATABASE, timeout=20)) as used:
        empty.backup(used)


atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
set_up()
