"""Asking: a program's prompt is kept as a talk of the key's owner and goes the way of all prompts."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from rantau.files import sha256_text
from rantau.web.compatible.errors import CODES, Refusal
from rantau.web.compatible.requests import Request, Turn
from rantau.web.database import writing
from rantau.web.records.models import ApiKey, Generation, Message, Talk
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.room import refuse_if_full
from rantau.web.talks.submit import submit

LONGEST_KEY = 255


def ask(key: ApiKey, request: Request, idempotency: str | None) -> Generation:
    """The generation that answers: a new one, or the one that the same Idempotency-Key was given before.

    Raises   Refusal; a prompt that was not accepted leaves nothing behind, so that it can be sent again
    """
    client_id = client_id_of(key, idempotency)
    if known := Message.objects.filter(author=key.owner, client_id=client_id).select_related("talk").first():
        return _again(known, request)
    try:
        refuse_if_full(key.owner, request.system, *(text for _, text in request.turns))
        with writing():
            talk, parent = _keep(key.owner, request)
    except Rejected as error:
        raise _refusal(error) from error
    try:
        asked = submit(
            key.owner, talk, text=request.turns[-1][1], client_id=client_id, parent=parent and parent.id,
            model=request.model.name,
        )  # fmt: skip
    except Rejected as error:
        talk.delete()
        raise _refusal(error) from error
    if not asked.new:  # the same key on another connection was first
        talk.delete()
        return _again(asked.message, request)
    return _generation(asked.message)


def _refusal(error: Rejected) -> Refusal:
    status, code = CODES.get(error.code, (error.status, error.code))
    return Refusal(status, code, error.message, retry_s=error.retry_s)


def client_id_of(key: ApiKey, idempotency: str | None) -> str:
    """Raises   Refusal for a header that is too long"""
    if idempotency is None:
        return f"api-{uuid.uuid4().hex}"
    if not 0 < len(idempotency) <= LONGEST_KEY:
        raise Refusal(400, "invalid_value", f"Idempotency-Key must have 1 to {LONGEST_KEY} characters.")
    return f"api-{sha256_text(f'{key.id} {idempotency}')[:48]}"


def _keep(owner: Any, request: Request) -> tuple[Talk, Message | None]:
    """The talk and what was said before; and the message that the prompt follows."""
    talk = Talk.objects.create(
        owner=owner, origin="api", system_prompt=request.system, wish=dict(request.wish), model=request.model.name
    )
    parent, now = None, timezone.now() - timedelta(seconds=1)
    rows = []
    for place, (role, text) in enumerate(request.turns[:-1]):
        parent = Message(
            talk=talk, parent=parent, role=role, text=text, author=owner,
            state="complete" if role == "user" else "done", created=now + timedelta(microseconds=place),
        )  # fmt: skip
        rows.append(parent)
    Message.objects.bulk_create(rows)
    return talk, parent


def _again(question: Message, request: Request) -> Generation:
    """Raises   Refusal 422 if another request had this Idempotency-Key"""
    talk, answer = question.talk, _generation(question).message
    same = (talk.system_prompt, talk.wish, answer.model) == (
        request.system,
        dict(request.wish),
        request.model.name,
    )
    if not same or _turns(question) != request.turns:
        raise Refusal(422, "idempotency_key_reused", "Another request had this Idempotency-Key. Use a new one.")
    return _generation(question)


def _turns(question: Message) -> tuple[Turn, ...]:
    found: list[Turn] = []
    at: Message | None = question
    while at is not None:
        found.append((at.role, at.text))
        at = at.parent
    return tuple(reversed(found))


def _generation(question: Message) -> Generation:
    """The latest: the broker may have lost the first one."""
    found: Generation | None = (
        Generation.objects.filter(message__parent=question).select_related("message", "owner").order_by("requeues")
    ).last()
    if found is None:
        raise Refusal(409, "unfinished", "The same request is being accepted now. Try again.", retry_s=1)
    return found
