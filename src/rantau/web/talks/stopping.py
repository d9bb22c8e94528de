"""Stopping: in every state of an answer. What was said so far is kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rantau.serving.queue import BrokerLost
from rantau.web import broker
from rantau.web.records.models import Generation, Message
from rantau.web.records.models.talks import OPEN
from rantau.web.talks.admitting import admit
from rantau.web.talks.rejected import not_found


def stop(owner: Any, generation_id: UUID) -> str:
    """Asks for the end of an answer.

    Returns  the state after it: stopping, or the one in which it has ended. A stop that the broker cannot hear now
             is kept, and the sweeper says it later
    Raises   Rejected not_found
    """
    asked = Generation.objects.filter(id=generation_id, owner=owner).first()
    if asked is None:
        raise not_found()
    while found := _open_of(asked):
        if Generation.objects.filter(id=found.id, state__in=OPEN).update(state="stopping"):
            Message.objects.filter(id=found.message_id, state__in=OPEN).update(state="stopping")
            return tell_stop(found)
    asked.refresh_from_db()
    return str(asked.state)


def _open_of(asked: Generation) -> Generation | None:
    """What writes the answer now: the broker may have lost the one that is meant, and its page not know yet."""
    rows = Generation.objects.filter(message=asked.message_id, state__in=OPEN).select_related("message__talk")
    found: Generation | None = rows.order_by("requeues").last()
    return found


def tell_stop(found: Generation) -> str:
    """Tells the broker. One that was never admitted is admitted for it, so that it ends the way all do."""
    admission = broker.admission()
    try:
        state = admission.cancel(str(found.id), str(found.owner_id))
        if state == "gone" and found.admitted is None and admit(found, admission) == "admitted":
            state = admission.cancel(str(found.id), str(found.owner_id))
    except BrokerLost:
        return "stopping"
    return "stopping" if state == "gone" else state
