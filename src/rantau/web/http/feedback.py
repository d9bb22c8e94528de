"""Feedback: what a person thinks of an answer, one opinion each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse

from rantau.web.database import writing
from rantau.web.http.answers import answer
from rantau.web.http.finding import own_message
from rantau.web.http.json_bodies import only, read_object
from rantau.web.records.models import Feedback
from rantau.web.records.models.talks import ENDED
from rantau.web.records.sizes import measure
from rantau.web.site import current
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.room import refuse_if_full
from rantau.web.talks.validation import clean_prompt, clean_title

MOST_REASONS, REASON_CHARS = 8, 40


def give(request: HttpRequest, id: UUID) -> JsonResponse:
    """{value: 1 | -1, reasons?, comment?}; the last word counts"""
    body = only(read_object(request), "value", "reasons", "comment")
    message = own_message(request.user, id)
    if message.role != "assistant" or message.state not in ENDED:
        raise Rejected("unfinished", "Only an answer that has ended can be judged.", 409)
    if body.get("value") not in (1, -1) or isinstance(body["value"], bool):
        raise Rejected("bad_request", "value must be 1 or -1.")
    fields = {
        "value": body["value"],
        "reasons": _reasons(body.get("reasons", [])),
        "comment": clean_prompt(body.get("comment", ""), current().limits),
    }
    if fields["comment"]:
        refuse_if_full(request.user, fields["comment"])
    with writing():
        Feedback.objects.update_or_create(message=message, user=request.user, defaults=fields)
        measure(message.talk_id)
    return answer(fields)


def _reasons(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_REASONS:
        raise Rejected("bad_request", f"reasons must be a list of at most {MOST_REASONS} words.")
    return sorted({clean_title(reason)[:REASON_CHARS] for reason in value})


def take_back(request: HttpRequest, id: UUID) -> JsonResponse:
    message = own_message(request.user, id)
    with writing():
        Feedback.objects.filter(message=message, user=request.user).delete()
        measure(message.talk_id)
    return answer({})
