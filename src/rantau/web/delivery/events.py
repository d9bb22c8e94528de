"""Server-sent events and polling, from the same cursor as the socket, for networks that let no socket through."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from rantau.serving.protocol import FINAL, End, EntryId
from rantau.web.delivery.follower import Follower, Gone, Lost, Missing, Said, Stands, Told
from rantau.web.delivery.frames import BadFrame, Frame, cursor, event, frame, line, refusal
from rantau.web.delivery.limits import FOLLOWED_EACH, Places
from rantau.web.delivery.lookups import look_up
from rantau.web.delivery.reader import Reader
from rantau.web.delivery.rows import final_of, generation_of
from rantau.web.delivery.socket import SESSION_S, places
from rantau.web.guard.viewer import viewer_of
from rantau.web.health.counts import count
from rantau.web.http.answers import answer, error
from rantau.web.site import current

PING_S, LONGEST_WAIT_S = 15.0, 20.0
polls = Places(FOLLOWED_EACH)
"""Each has a connection to the broker while it waits."""
NOT_FOUND = (404, "not_found", "There is no such answer, or it is not yours.")
BAD_CURSOR = (400, "bad_cursor", "The cursor is the id of an event, such as 1-42.")
TOO_MANY = (429, "too_many", "You have too many open connections. Close a tab.", 5)
LOST = (503, "broker_lost", "Answers cannot be read at the moment. Try again.", 1)


@require_GET
async def events(request: HttpRequest, generation: Any) -> HttpResponseBase:
    """text/event-stream; the id of each event is the cursor. 204 where the end was read already."""
    name, viewer = str(generation), await request.auser()
    last = request.headers.get("Last-Event-ID")
    try:
        after = cursor(last or request.GET.get("after", "0-0"))
        await look_up(generation_of, viewer, name)
    except BadFrame:
        return error(*BAD_CURSOR)
    except Missing:
        return error(*NOT_FOUND)
    if last and await _has_read_all(name, after):
        return HttpResponse(status=204)  # a browser asks no more
    if places.is_full(viewer.pk):
        return error(*TOO_MANY)
    if last:
        count("resumed")
    said = StreamingHttpResponse(_stream(request, viewer, name, after), content_type="text/event-stream")
    said["Cache-Control"], said["X-Accel-Buffering"] = "no-store", "no"
    return said


async def _has_read_all(name: str, after: EntryId) -> bool:
    reader = _reader()
    reader.follow(name, after)
    try:
        standing = (await reader.standings()).get(name)
    finally:
        await reader.aclose()
    return standing is not None and standing.state in FINAL and standing.last == after


def _reader() -> Reader:
    site = current()
    return Reader(site.broker, pool=site.pool)


async def _stream(request: HttpRequest, viewer: Any, name: str, after: EntryId) -> AsyncIterator[str]:
    """Its place is taken here: a stream that nobody begins to read would never give it back."""
    if not places.take(viewer.pk):
        yield f"event: err\ndata: {line(refusal('too_many', name, 5))}\n\n"
        return
    follower = Follower(_reader(), final_of(viewer))
    follower.follow(name, after)
    spoke = checked = time.monotonic()
    try:
        yield "retry: 1000\n\n"
        while True:
            for told in await follower.next():
                spoke = time.monotonic()
                yield _written(told)
                if _is_last(told):
                    return
            if time.monotonic() - spoke >= PING_S:
                spoke = time.monotonic()
                yield ": ping\n\n"
            if time.monotonic() - checked >= SESSION_S:
                checked = time.monotonic()
                if await look_up(viewer_of, request.scope) != viewer:
                    return
    finally:
        places.leave(viewer.pk)
        await follower.reader.aclose()


def _is_last(told: Told) -> bool:
    return isinstance(told, Gone) or (isinstance(told, Said) and _end(told) is not None)


def _end(said: Said) -> End | None:
    last = said.entries[-1][1] if said.entries else None
    return last if isinstance(last, End) else None


def _written(told: Told) -> str:
    """Entries as messages with an id; all else as an event of its name, `st`, `gone` or `err`, without one."""
    if isinstance(told, Said):
        return "".join(f"id: {id_}\ndata: {line(event(e, told.whole))}\n\n" for id_, e in told.entries)
    said = frame(told)
    return f"event: {said['t']}\ndata: {line(said)}\n\n"


@require_GET
async def poll(request: HttpRequest, generation: Any) -> JsonResponse:
    """{"gen", "e": events behind `after`, "state", "pos"?, "final"?}; waits for one up to `wait` seconds."""
    name, viewer = str(generation), await request.auser()
    try:
        after = cursor(request.GET.get("after", "0-0"))
        wait_s = min(max(0.0, float(request.GET.get("wait", "0"))), LONGEST_WAIT_S)  # nan is 0
        await look_up(generation_of, viewer, name)
    except (BadFrame, ValueError):
        return error(*BAD_CURSOR)
    except Missing:
        return error(*NOT_FOUND)
    if not polls.take(viewer.pk):
        return error(*TOO_MANY)
    follower = Follower(_reader(), final_of(viewer))
    follower.follow(name, after)
    until, found = time.monotonic() + wait_s, {"gen": name, "e": list[Any]()}
    try:
        while True:
            for told in await follower.next():
                found |= _polled(told)
            if "broker_lost" in found:
                return error(*LOST)
            if found["e"] or "final" in found or "code" in found or time.monotonic() >= until:
                return answer(found)
    finally:
        polls.leave(viewer.pk)
        await follower.reader.aclose()


def _polled(told: Told) -> Frame:
    match told:
        case Said(_, entries, whole):
            end = _end(told)
            state = end.state if end else "running"
            return {"e": [[str(i), event(e, whole)] for i, e in entries], "state": state}
        case Stands(_, state, ahead):
            return {"state": state, **({} if ahead is None else {"pos": ahead})}
        case Gone(_, None):
            return {"code": "unknown_cursor"}
        case Gone(_, final):
            return {"state": (final or {}).get("state"), "final": dict(final or {})}
        case Lost():
            return {"broker_lost": True}
