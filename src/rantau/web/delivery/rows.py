"""What the database says of a generation, to its owner only. Each question asks anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rantau.web.delivery.follower import FinalOf, Missing
from rantau.web.delivery.lookups import look_up
from rantau.web.records.models import Generation

OPEN = ("queued", "running", "stopping")


def generation_of(viewer: Any, name: str) -> Generation:
    """Raises   Missing if there is none, it is another one's, or its talk was deleted"""
    row: Generation | None = (
        Generation.objects.select_related("message__talk")
        .filter(id=name, owner=viewer, message__talk__deleted__isnull=True)
        .first()
    )
    if row is None:
        raise Missing(f"{name}: no such generation.")
    return row


def final(viewer: Any, name: str) -> Mapping[str, Any] | None:
    """The message if the generation has ended, or if the broker lost it and another one answers; None before.

    Raises   Missing
    """
    from rantau.web.http.shapes import message_json

    row = generation_of(viewer, name)
    newest = row.message.generations.order_by("requeues").last()
    if row.state in OPEN and newest == row:
        return None
    said: Mapping[str, Any] = message_json(row.message, viewer)
    return said


def final_of(viewer: Any) -> FinalOf:
    async def asked(name: str) -> Mapping[str, Any] | None:
        return await look_up(final, viewer, name)

    return asked
