"""Requeueing: what the broker lost is asked anew, under a new name, since readers saw parts of the old log."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from rantau.web.records.models import Generation, Message
from rantau.web.records.models.talks import OPEN

MOST = 2


def requeue(lost: Generation) -> Generation | None:
    """Gives a generation up, and makes the next one of its message: at most two; none after a stop.

    Returns  the new one, which is not admitted yet; None if the message has ended instead
    """
    with transaction.atomic():
        row = Generation.objects.select_for_update().filter(id=lost.id, state__in=OPEN).first()
        if row is None:
            return None
        wanted = row.state  # as it is now: a stop may have come since `lost` was read
        row.state, row.code, row.ended = "failed", "lost", timezone.now()
        row.save(update_fields=["state", "code", "ended"])
        message = Message.objects.filter(id=lost.message_id, state__in=OPEN)
        if wanted == "stopping":
            message.update(state="stopped", reason="stopped")
            return None
        if lost.requeues >= MOST:
            message.update(state="failed", reason="error", code="lost")
            return None
        message.update(state="queued")
        made: Generation = Generation.objects.create(
            message_id=lost.message_id, owner_id=lost.owner_id, requeues=lost.requeues + 1
        )
        return made
