"""What pages report: a text that is not the server's. It has to be counted, since it must never happen."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, JsonResponse

from rantau.web.delivery.follower import Missing
from rantau.web.delivery.rows import generation_of
from rantau.web.health.counts import count
from rantau.web.http.answers import answer
from rantau.web.http.json_bodies import only, read_object
from rantau.web.talks.rejected import not_found


def mismatch(request: HttpRequest, id: UUID) -> JsonResponse:
    """{}: the text of one's own answer did not agree with its sum. Raises   Rejected not_found"""
    only(read_object(request))
    try:
        generation_of(request.user, str(id))
    except Missing as error:
        raise not_found() from error
    count("text_mismatch")
    return answer({})
