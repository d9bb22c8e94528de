"""The arena over HTTP: votes, results, exports."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from rantau.web.arena import votes
from rantau.web.arena.exports import FORMATS
from rantau.web.arena.results import arena_json
from rantau.web.http.answers import answer
from rantau.web.http.json_bodies import only, read_object
from rantau.web.http.shapes import battle_json
from rantau.web.talks.attachments import attachment, json_lines
from rantau.web.talks.rejected import Rejected


def vote(request: HttpRequest, id: UUID) -> JsonResponse:
    """{choice: a | b | tie | bad, reasons?, dwell_ms?, language?} -> the battle, which now tells its sides"""
    body = only(read_object(request), "choice", "reasons", "dwell_ms", "language")
    battle = votes.own_battle(request.user, id)
    votes.cast(request.user, battle, **{"choice": None, **body})
    return answer(battle_json(votes.own_battle(request.user, id)), 201)


def take_back(request: HttpRequest, id: UUID) -> JsonResponse:
    battle = votes.own_battle(request.user, id)
    votes.take_back(battle)
    return answer(battle_json(votes.own_battle(request.user, id)))


def results(request: HttpRequest) -> JsonResponse:
    """of: whose votes the links for export are about; an administrator may have everybody's"""
    return answer({**arena_json(), "of": "everyone" if request.user.is_staff else "me"})


def export(request: HttpRequest) -> HttpResponse:
    """?format=preference | kto | battles, &of=me | everyone"""
    wanted, of = request.GET.get("format", ""), request.GET.get("of", "me")
    if wanted not in FORMATS:
        raise Rejected("bad_request", f"format must be one of {', '.join(FORMATS)}.")
    if of not in ("me", "everyone"):
        raise Rejected("bad_request", "of must be me or everyone.")
    if of == "everyone" and not request.user.is_staff:
        raise Rejected("forbidden", "Only administrators export the votes of everyone. Leave `of` out.", 403)
    name, rows = FORMATS[wanted]
    viewer = None if of == "everyone" else request.user
    return attachment(json_lines(rows(viewer)), name.removesuffix(".jsonl"), "jsonl")
