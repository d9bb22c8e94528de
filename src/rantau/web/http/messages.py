"""Messages: what is asked, told anew, continued and stopped. 202 = it is kept, and it will be answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse

from rantau.web.http.answers import answer
from rantau.web.http.finding import own_message, own_talk, uuid_of
from rantau.web.http.json_bodies import only, read_object
from rantau.web.http.shapes import message_json, messages_json
from rantau.web.records.models import Message
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.stopping import stop
from rantau.web.talks.submit import Submitted, go_on, regenerate, submit


def ask(request: HttpRequest, id: UUID) -> JsonResponse:
    """{client_id, text, parent, model?}"""
    body = only(read_object(request), "client_id", "text", "parent", "model")
    made = submit(
        request.user, own_talk(request.user, id), text=body.get("text", ""), client_id=body.get("client_id", ""),
        parent=uuid_of(body.get("parent")), model=_name(body.get("model")),
    )  # fmt: skip
    return _told(made, request.user)


def again(request: HttpRequest, id: UUID) -> JsonResponse:
    """{client_id, model?}"""
    body = only(read_object(request), "client_id", "model")
    message = own_message(request.user, id)
    made = regenerate(request.user, message, client_id=body.get("client_id", ""), model=_name(body.get("model")))
    return _told(made, request.user)


def further(request: HttpRequest, id: UUID) -> JsonResponse:
    """{client_id}"""
    body = only(read_object(request), "client_id")
    made = go_on(request.user, own_message(request.user, id), client_id=body.get("client_id", ""))
    return _told(made, request.user)


def end(request: HttpRequest, id: UUID) -> JsonResponse:
    """{} -> {state}"""
    only(read_object(request))
    return answer({"state": stop(request.user, id)})


def _told(made: Submitted, viewer: Any) -> JsonResponse:
    if made.new:
        rows = [message_json(message, viewer) for message in (made.message, *made.answers)]
        return answer({"message": rows[0], "answers": rows[1:]}, 202)
    ids = [made.message.id, *(a.id for a in made.answers)]
    found = {row["id"]: row for row in messages_json(Message.objects.filter(id__in=ids), viewer)}
    return answer({"message": found[str(ids[0])], "answers": [found[str(id_)] for id_ in ids[1:]]})


def _name(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Rejected("bad_request", "model must be a name.")
    return value
