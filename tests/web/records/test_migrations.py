"""What was kept before an update is there after it, and is measured as what comes later."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from rantau.web.site import Site, write_site

ROOT = Path(__file__).parents[3]
WALK = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

call_command("migrate", verbosity=0)
call_command("migrate", "records", "0002", verbosity=0)
old = MigrationExecutor(connection).loader.project_state([("records", "0002_revealed_and_revisions")]).apps
ana = old.get_model("auth", "User").objects.create(username="ana")
talk = old.get_model("records", "Talk").objects.create(owner=ana, system_prompt="Singkat.")
old.get_model("records", "Talk").objects.create(owner=ana)
Message = old.get_model("records", "Message")
Message.objects.create(talk=talk, author=ana, role="user", text="สวัสดี")
Message.objects.create(talk=talk, author=ana, role="assistant", text="Halo.", tokens=[1, 2, 3], state="done")
call_command("migrate", verbosity=0)

from rantau.web.records.models import Talk
from rantau.web.records.sizes import ROW_BYTES, kept_bytes

assert not hasattr(talk, "bytes")
texts = ("Singkat.", "สวัสดี", "Halo.", "[1, 2, 3]", "[]")
whole = 4 * ROW_BYTES + sum(len(text.encode()) for text in texts)
assert kept_bytes(ana.pk) == whole, (kept_bytes(ana.pk), whole)
assert Talk.objects.count() == 2
"""


def test_an_older_database_is_measured(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    write_site(path, replace(site, database=f"sqlite://{tmp_path}/old.db", folder=str(tmp_path)))
    env = {**os.environ, "RANTAU_SITE": str(path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WALK], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
