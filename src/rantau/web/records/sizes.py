"""Sizes: how much is kept of a talk, measured by the database itself, so that no count can go astray."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum

ROW_BYTES = 512
"""Of a row beside its texts: ids, times, keys of its indexes."""
_OCTETS = {"sqlite": "LENGTH(CAST({} AS BLOB))", "postgresql": "OCTET_LENGTH(CAST({} AS TEXT))"}
_PARTS = (
    ("records_message m", "m.talk_id", ("m.text", "m.beginning", "m.tokens")),
    ("records_share s", "s.talk_id", ("s.snapshot",)),
    ("records_message m JOIN records_feedback f ON f.message_id = m.id", "m.talk_id", ("f.comment",)),
)
"""What a talk is made of: rows, by which column they are its own, and their texts."""


def measure(talk: UUID) -> None:
    """Writes down how large a talk is. Whoever changes what is kept of it calls this in the same transaction."""
    from rantau.web.records.models import Talk

    with connection.cursor() as cursor:
        name = Talk._meta.pk.get_db_prep_value(talk, connection)
        cursor.execute(f"{measuring(connection.vendor)} WHERE id = %s", [name])


@lru_cache
def measuring(vendor: str) -> str:
    """The statement for all talks. Written by hand: Django takes 6 ms to write it, the database one to run it."""
    octets = _OCTETS[vendor].format
    sums = [
        f"SELECT SUM({ROW_BYTES} + {' + '.join(map(octets, texts))}) FROM {rows} WHERE {own} = records_talk.id"
        for rows, own, texts in _PARTS
    ]
    parts = (f"COALESCE(({each}), 0)" for each in sums)
    return f"UPDATE records_talk SET bytes = {ROW_BYTES} + {octets('system_prompt')} + {' + '.join(parts)}"


def kept_bytes(owner: Any, *, deleted: bool = False) -> int:
    """Of all talks of a person, those too that can be brought back; deleted: of these alone."""
    from rantau.web.records.models import Talk

    talks = Talk.objects.filter(owner=owner).order_by()
    found: int | None = (talks.exclude(deleted=None) if deleted else talks).aggregate(n=Sum("bytes"))["n"]
    return found or 0
