"""Room: how much of a person's talks is kept. What was deleted goes for good when its place is needed."""

from __future__ import annotations

from typing import Any

from rantau.web.database import writing
from rantau.web.records.models import Talk
from rantau.web.records.sizes import ROW_BYTES, kept_bytes
from rantau.web.site import current
from rantau.web.talks.rejected import Rejected

MIB = 2**20


def refuse_if_full(owner: Any, *texts: str) -> None:
    """Asked before the texts are kept. An answer that was begun is always kept, whatever its length.

    Raises   Rejected full
    """
    most = current().limits.each_mib * MIB
    if not most:
        return
    adding = sum(ROW_BYTES + len(text.encode()) for text in texts)
    over = kept_bytes(owner) + adding - most
    if over > 0 and not _make_room(owner, over):
        raise Rejected(
            "full",
            f"Your talks fill the {most // MIB} MiB that are kept of one person. Delete some: that makes room.",
            413,
        )


def _make_room(owner: Any, needed: int) -> bool:
    """Forgets what the person has deleted, the oldest first, no more than is needed and only if it is enough."""
    if kept_bytes(owner, deleted=True) < needed:
        return False
    for talk in Talk.objects.filter(owner=owner).exclude(deleted=None).order_by("deleted").only("id", "bytes"):
        with writing():
            Talk.objects.filter(id=talk.id).exclude(deleted=None).delete()
        needed -= talk.bytes
        if needed <= 0:
            break
    return True
