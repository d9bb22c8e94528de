"""Revival: an answer that has failed is asked for once more, when somebody has seen to the cause."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from rantau.serving.queue import Admission
from rantau.web.records.models import Generation, Message
from rantau.web.site import current
from rantau.web.talks.admitting import admit, refuse


def revive(dead: Generation, admission: Admission) -> bool:
    """Queues its message again, under a new generation; the text begins anew.

    Returns  False where that cannot be: its message has not failed, waits already, was deleted, or its model is no
             longer here; or the queue is full, and the message has failed again
    """
    fresh = _again(dead)
    if fresh is None:
        return False
    verdict = admit(fresh, admission)
    if verdict in ("full", "too_many"):
        refuse([fresh], "busy" if verdict == "full" else "too_many")
    return verdict in ("admitted", "lost")  # what was lost on the way the sweeper brings


def _again(dead: Generation) -> Generation | None:
    with transaction.atomic():
        rows = Message.objects.select_for_update(of=("self",)).select_related("talk")
        message = rows.filter(id=dead.message_id, state="failed", talk__deleted=None).first()
        if message is None or current().model(message.model) is None:
            return None
        said = message.completion_tokens or 0
        begun = message.tokens[: len(message.tokens) - said]
        Message.objects.filter(id=message.id).update(
            state="queued", reason="", code="", text=message.beginning, tokens=begun, prompt_tokens=None,
            completion_tokens=None, first_ms=None, wall_ms=None,
        )  # fmt: skip
        message.refresh_from_db()
        made: Generation = Generation.objects.create(
            message=message, owner_id=dead.owner_id, queued=timezone.now(),
            requeues=1 + max(message.generations.values_list("requeues", flat=True)),  # the highest one answers
        )  # fmt: skip
        return made
