"""Talks: the list, one of them, its settings; deleting one can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from rantau.web.http.answers import answer
from rantau.web.http.finding import own_talk
from rantau.web.http.json_bodies import only, read_object
from rantau.web.http.shapes import messages_json, talk_json
from rantau.web.records.models import Generation, Talk
from rantau.web.records.models.talks import MODES, OPEN
from rantau.web.site import current
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.search import matching
from rantau.web.talks.sides import draw_sides, model_of
from rantau.web.talks.stopping import stop
from rantau.web.talks.validation import clean_prompt, clean_title, clean_wish

PAGE, LONGEST_PAGE = 30, 100
FIELDS = ("title", "system_prompt", "wish", "model")


def listing(request: HttpRequest) -> JsonResponse:
    """?q=&before=&limit=&origin=: the latest first; those of programs only if origin=api.

    next: `before` of the next page, or null
    """
    limit = _limit(request.GET.get("limit", ""))
    origin = "api" if request.GET.get("origin") == "api" else "page"
    mine = Talk.objects.filter(owner=request.user, deleted=None, origin=origin)
    found = matching(mine, request.GET.get("q", ""))
    if before := _time(request.GET.get("before", "")):
        found = found.filter(updated__lt=before)
    talks = list(found.order_by("-updated")[: limit + 1])
    more = talks[limit - 1].updated.isoformat() if len(talks) > limit else None
    return answer({"talks": [talk_json(talk) for talk in talks[:limit]], "next": more})


def _limit(text: str) -> int:
    return min(max(int(text), 1), LONGEST_PAGE) if text.isdecimal() and len(text) < 6 else PAGE


def _time(text: str) -> datetime | None:
    if not text:
        return None
    found: datetime | None
    try:
        found = parse_datetime(text.replace(" ", "+"))  # a plus sign that was not escaped
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Rejected("bad_request", "before must be a time of the list, such as 2026-01-31T12:00:00+00:00.")
    return found


def make(request: HttpRequest) -> JsonResponse:
    """{mode, title?, system_prompt?, wish?, model?}"""
    body = only(read_object(request), "mode", *FIELDS)
    mode = body.pop("mode", "single")
    if mode not in MODES:
        raise Rejected("bad_request", f"mode must be one of {', '.join(MODES)}.")
    if mode != "single":
        draw_sides(current(), mode)  # refuses where there is one model only
    fields = {"system_prompt": current().system_prompt, **_fields(Talk(mode=mode), body)}
    talk = Talk.objects.create(owner=request.user, mode=mode, **fields)
    return answer({**talk_json(talk), "messages": []}, 201)


def show(request: HttpRequest, id: UUID) -> JsonResponse:
    talk = own_talk(request.user, id)
    return answer({**talk_json(talk), "messages": messages_json(talk.messages.all(), request.user)})


def change(request: HttpRequest, id: UUID) -> JsonResponse:
    """{title?, system_prompt?, wish?, model?}"""
    talk = own_talk(request.user, id)
    fields = _fields(talk, only(read_object(request), *FIELDS))
    Talk.objects.filter(id=talk.id).update(**fields)
    return answer(talk_json(own_talk(request.user, id)))


def delete(request: HttpRequest, id: UUID) -> JsonResponse:
    """Out of sight, and nothing is written in it any more; for 30 days it can be restored."""
    talk = own_talk(request.user, id)
    for generation in Generation.objects.filter(message__talk=talk, state__in=OPEN):
        stop(request.user, generation.id)
    Talk.objects.filter(id=talk.id).update(deleted=timezone.now())
    return answer(talk_json(own_talk(request.user, id, deleted=True)))


def restore(request: HttpRequest, id: UUID) -> JsonResponse:
    talk = own_talk(request.user, id, deleted=True)
    Talk.objects.filter(id=talk.id).update(deleted=None)
    return answer(talk_json(own_talk(request.user, id)))


def _fields(talk: Talk, body: dict[str, Any]) -> dict[str, Any]:
    site = current()
    model = body.get("model", talk.model)
    if not isinstance(model, str):
        raise Rejected("bad_request", "model must be a name.")
    served = model_of(site, talk, model) if talk.mode == "single" or body.get("model") else None
    context = served.context if served else min(m.context for m in site.models)
    checks: dict[str, Any] = {
        "title": clean_title,
        "system_prompt": lambda text: clean_prompt(text, site.limits),
        "wish": lambda wish: clean_wish(wish, context=context),
        "model": str,
    }
    return {name: checks[name](value) for name, value in body.items()}
