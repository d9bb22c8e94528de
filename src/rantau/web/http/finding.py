"""Finding rows: what is not the viewer's is not there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rantau.web.records.models import Message, Talk
from rantau.web.talks.rejected import not_found


def own_talk(viewer: Any, id_: UUID, *, deleted: bool = False) -> Talk:
    """Raises   Rejected not_found; a deleted talk is only found where it can be brought back"""
    found: Talk | None = Talk.objects.filter(id=id_, owner=viewer).first()
    if found is None or (found.deleted is not None and not deleted):
        raise not_found()
    return found


def own_message(viewer: Any, id_: UUID) -> Message:
    """Raises   Rejected not_found"""
    rows = Message.objects.select_related("talk", "parent", "author")
    found: Message | None = rows.filter(id=id_, talk__owner=viewer, talk__deleted=None).first()
    if found is None:
        raise not_found()
    return found


def uuid_of(value: object) -> UUID | None:
    """None stays None. Raises   Rejected not_found for what is no id"""
    if value is None:
        return None
    try:
        return UUID(value) if isinstance(value, str) else _refuse()
    except ValueError:
        return _refuse()


def _refuse() -> UUID:
    raise not_found()
