"""SQLite keeps what it has committed, also when the power goes."""

from django.db import connection

from rantau.web.site import Site

FULL = 2


def test_a_commit_waits_for_the_disk(site: Site) -> None:
    with connection.cursor() as cursor:
        modes = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert modes == ["wal", FULL]
