"""Talks: the list, one of them, its settings; deleting one can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from rantau.web.database import writing
from rantau.web.http.answers import answer
from rantau.web.http.finding import own_talk
from rantau.web.http.json_bodies import only, read_object
from rantau.web.http.shapes import messages_json, talk_json
from rantau.web.records.models import Generation, Talk
from rantau.web.records.models.talks import MODES, OPEN
from rantau.web.records.sizes import measure
from rantau.web.site import current
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.room import refuse_if_full
from rantau.web.talks.search import matching
from rantau.web.talks.sides import draw_sides, model_of
from rantau.web.talks.stopping import stop
from rantau.web.talks.validation import clean_client_id, clean_prompt, clean_title, clean_wish
from rantau.web.upkeep.retention import is_unused

PAGE, LONGEST_PAGE = 30, 100
FIELDS = ("title", "system_prompt", "wish", "model")
NAMES = UUID("6f0d1c3e-9f0b-4a53-9d4e-6a3a0f2f7c11")
"""Of the ids that are made from what pages call their talks."""


def listing(request: HttpRequest) -> JsonResponse:
    """?q=&before=&limit=&origin=: the latest first; those of programs only if origin=api.

    next: `before` of the next page, or null
    """
    limit = _limit(request.GET.get("limit", ""))
    origin = "api" if request.GET.get("origin") == "api" else "page"
    mine = Talk.objects.filter(owner=request.user, deleted=None, origin=origin)
    found = matching(mine, request.GET.get("q", ""))
    if before := _time(request, "before"):
        found = found.filter(updated__lt=before)
    talks = list(found.order_by("-updated")[: limit + 1])
    more = talks[limit - 1].updated.isoformat() if len(talks) > limit else None
    return answer({"talks": [talk_json(talk) for talk in talks[:limit]], "next": more})


def _limit(text: str) -> int:
    return min(max(int(text), 1), LONGEST_PAGE) if text.isdecimal() and len(text) < 6 else PAGE


def _time(request: HttpRequest, name: str) -> datetime | None:
    if not (text := request.GET.get(name, "")):
        return None
    found: datetime | None
    try:
        found = parse_datetime(text.replace(" ", "+"))  # a plus sign that was not escaped
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Rejected(
            "bad_request", f"{name} must be a time as answers have it, such as 2026-01-31T12:00:00+00:00."
        )
    return found


def make(request: HttpRequest) -> JsonResponse:
    """{client_id?, mode, title?, system_prompt?, wish?, model?}; the same client_id twice is one talk.

    As long as nothing was said in it, it is as it was asked for last.
    """
    body = only(read_object(request), "client_id", "mode", *FIELDS)
    id = _id_of(request.user, body.pop("client_id")) if "client_id" in body else uuid4()
    fields = _wanted(body)
    refuse_if_full(request.user, fields["system_prompt"])
    try:
        with writing():
            talk = Talk.objects.create(id=id, owner=request.user, **fields)
            measure(talk.id)
    except IntegrityError:  # it was made before, and the page may not know
        return _make_again(request, id, fields)
    return answer({**talk_json(talk), "messages": []}, 201)


def _make_again(request: HttpRequest, id: UUID, fields: dict[str, Any]) -> JsonResponse:
    with writing():
        if Talk.objects.filter(id=id, owner=request.user, deleted=None, messages=None).update(**fields):
            measure(id)
    return show(request, id)


def _wanted(body: dict[str, Any]) -> dict[str, Any]:
    """All fields of a new talk. Raises   Rejected"""
    mode = body.pop("mode", "single")
    if mode not in MODES:
        raise Rejected("bad_request", f"mode must be one of {', '.join(MODES)}.")
    if mode != "single":
        draw_sides(current(), mode)  # refuses where there is one model only
    unsaid = {"title": "", "system_prompt": current().system_prompt, "wish": {}, "model": ""}
    return {"mode": mode, **unsaid, **_fields(Talk(mode=mode), body)}


def _id_of(owner: Any, client_id: object) -> UUID:
    """Each person's names are of their own. Raises   Rejected bad_request"""
    return uuid5(NAMES, f"{owner.pk} {clean_client_id(client_id)}")


def show(request: HttpRequest, id: UUID) -> JsonResponse:
    """?since=: only messages that were made then or later; a long talk is not sent whole after each answer"""
    talk = own_talk(request.user, id)
    since = _time(request, "since")
    messages = talk.messages.filter(created__gte=since) if since else talk.messages.all()
    return answer({**talk_json(talk), "messages": messages_json(messages, request.user)})


def change(request: HttpRequest, id: UUID) -> JsonResponse:
    """{title?, system_prompt?, wish?, model?}; only what is said is changed, and looked at"""
    talk = own_talk(request.user, id)
    fields = _fields(talk, only(read_object(request), *FIELDS))
    if len(prompt := fields.get("system_prompt", "")) > len(talk.system_prompt):
        refuse_if_full(request.user, prompt)
    with writing():
        Talk.objects.filter(id=talk.id).update(**fields)
        measure(talk.id)
    return answer(talk_json(own_talk(request.user, id)))


def delete(request: HttpRequest, id: UUID) -> JsonResponse:
    """Out of sight, and nothing is written in it any more; for site.keep_deleted_days it can be restored."""
    talk = own_talk(request.user, id)
    for generation in Generation.objects.filter(message__talk=talk, state__in=OPEN):
        stop(request.user, generation.id)
    Talk.objects.filter(id=talk.id).update(deleted=timezone.now())
    return answer(talk_json(own_talk(request.user, id, deleted=True)))


def restore(request: HttpRequest, id: UUID) -> JsonResponse:
    talk = own_talk(request.user, id, deleted=True)
    fields = {"updated": timezone.now()} if is_unused(talk) else {}
    Talk.objects.filter(id=talk.id).update(deleted=None, **fields)
    return answer(talk_json(own_talk(request.user, id)))


def _fields(talk: Talk, body: dict[str, Any]) -> dict[str, Any]:
    """What is said, checked. A talk whose model is gone can be changed like any other."""
    site = current()
    model = body.get("model", talk.model)
    if not isinstance(model, str):
        raise Rejected("bad_request", "model must be a name.")
    served = model_of(site, talk, model) if body.get("model") else site.model(model)
    context = served.context if served else min((m.context for m in site.models), default=2048)
    checks: dict[str, Any] = {
        "title": clean_title,
        "system_prompt": lambda text: clean_prompt(text, site.limits),
        "wish": lambda wish: clean_wish(wish, context=context),
        "model": str,
    }
    return {name: checks[name](value) for name, value in body.items()}
