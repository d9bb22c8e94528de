"""Submitting: what is accepted is committed first, then admitted. The same client_id twice is one message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from rantau.serving.queue import BrokerLost
from rantau.web import broker
from rantau.web.database import writing
from rantau.web.guard.rate import wait_s
from rantau.web.records.models import Generation, Message, Talk
from rantau.web.records.models.talks import ENDED, OPEN
from rantau.web.records.sizes import measure
from rantau.web.served import digests_now
from rantau.web.site import current
from rantau.web.talks.admitting import admit_all
from rantau.web.talks.creation import (
    create_answer,
    create_answers,
    create_continuation,
    create_question,
    parent_of,
)
from rantau.web.talks.rejected import Rejected, not_found
from rantau.web.talks.room import refuse_if_full
from rantau.web.talks.sides import model_of, still_served
from rantau.web.talks.validation import clean_client_id, clean_text

DESERTED = timedelta(seconds=60)
"""A prompt that has waited so long while no worker is there: more are not taken."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """message: what was asked, or the answer that is told anew; answers: that are being written; new: False if the
    client_id was known"""

    message: Message
    answers: list[Message]
    new: bool


Created = tuple[Message, list[Generation]]


def submit(
    owner: Any, talk: Talk, *, text: str, client_id: str, parent: UUID | None, model: str | None = None
) -> Submitted:
    """A question and its answers to come: one, or one of each side.

    parent   the answer that it follows, in a talk with two sides the question; None = it begins the talk
    Raises   Rejected; after busy and too_many the question is kept and its answers have failed
    """
    clean, name = clean_text(text, current().limits), clean_client_id(client_id)

    def create() -> Created:
        question = create_question(owner, talk, parent_of(talk, parent), clean, name)
        return question, create_answers(question, model)

    return _once(owner, name, create, of=talk, adding=clean)


def regenerate(owner: Any, message: Message, *, client_id: str, model: str | None = None) -> Submitted:
    """Another answer beside this one, drawn anew. Raises   Rejected"""
    name = clean_client_id(client_id)
    question = _question_of(message)

    def create() -> Created:
        served = model_of(current(), message.talk, model) if model else still_served(current(), message)
        return question, [create_answer(question, served, side=message.side, client_id=name, seed=None)]

    return _once(owner, name, create, of=message.talk)


def go_on(owner: Any, message: Message, *, client_id: str) -> Submitted:
    """Goes on with an answer that was cut: a sibling that begins with all of it. Raises   Rejected"""
    name = clean_client_id(client_id)
    question = _question_of(message)

    def create() -> Created:
        if message.state not in ENDED:
            raise Rejected("unfinished", "This answer is still being written. Wait for it, or stop it.", 409)
        if message.reason in ("eos", "stop"):
            raise Rejected("complete", "This answer is complete. Ask for more with a new message.", 409)
        served, now = current().model(message.model), digests_now(broker.workers())
        if served is None or message.digest not in now.get(served.name, (served.digest,)):
            raise Rejected("model_gone", "The model that wrote this is gone. Ask for another answer instead.", 409)
        return question, [create_continuation(message, served, name)]

    return _once(owner, name, create, of=message.talk, adding=2 * message.text)


def _question_of(message: Message) -> Message:
    if message.role != "assistant" or message.parent is None:
        raise Rejected("bad_parent", "Only an answer can be told anew or continued.")
    if message.talk.mode == "blind":
        raise Rejected("blind", "Answers of a blind battle stay as they are. Ask again with a new message.", 409)
    question: Message = message.parent
    return question


def _once(owner: Any, client_id: str, create: Callable[[], Created], *, of: Talk, adding: str = "") -> Submitted:
    if known := _known(owner, client_id):
        return known
    if of.deleted is not None or of.owner_id != owner.pk:
        raise not_found()
    _may_ask(owner)
    refuse_if_full(owner, adding)
    try:
        with writing():
            message, generations = create()
            measure(of.id)
    except IntegrityError:  # the same client_id on another thread, which was first
        known = _known(owner, client_id)
        if known is None:
            raise
        return known
    admit_all(generations, broker.admission())
    for generation in generations:  # its only way so far, and nobody's opinion: nothing that must be read
        generation.message.ways, generation.message.opinions = [generation], []
    return Submitted(message, [generation.message for generation in generations], True)


def _known(owner: Any, client_id: str) -> Submitted | None:
    asked = Message.objects.filter(author=owner, client_id=client_id).order_by()
    if not asked.exists():
        return None
    found = asked.select_related("parent", "talk").get()
    if found.role == "assistant":
        return Submitted(found.parent, [found], False)
    return Submitted(found, list(found.children.filter(role="assistant", client_id="").order_by("side")), False)


def _may_ask(owner: Any) -> None:
    """Raises   Rejected rate_limited or no_worker"""
    if wait := wait_s(owner, "messages", current().limits.per_minute):
        raise Rejected("rate_limited", f"That is too fast. Go on in {wait} seconds.", 429, wait)
    if _is_deserted():
        raise Rejected("no_worker", "No model is running. Ask whoever runs this chat to start one.", 503, 30)


def _is_deserted() -> bool:
    waiting = Generation.objects.filter(state__in=OPEN, queued__lt=timezone.now() - DESERTED)
    if not waiting.order_by().exists():
        return False
    try:
        return not broker.presence().all()
    except BrokerLost:
        return False  # nobody knows
