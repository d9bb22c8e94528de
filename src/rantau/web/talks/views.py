"""Talks over HTTP beside their messages: files of them, links to them, and all that a person has."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from rantau.web.guard.rate import wait_s
from rantau.web.guard.viewer import LOCAL
from rantau.web.http.answers import answer
from rantau.web.http.endpoints import told
from rantau.web.http.failures import not_found as page_not_found
from rantau.web.http.finding import own_talk
from rantau.web.http.json_bodies import only, read_object
from rantau.web.http.shapes import messages_json, talk_json
from rantau.web.pages.look import page
from rantau.web.talks import export, importing, own_data, share
from rantau.web.talks.attachments import attachment, file_name, json_lines, json_text
from rantau.web.talks.rejected import Rejected

EXPORTS_PER_MINUTE = 6


def export_talk(request: HttpRequest, id: UUID) -> HttpResponse:
    """?format=md | json | jsonl"""
    talk, wanted = own_talk(request.user, id), request.GET.get("format", "json")
    name = file_name(talk.title)
    match wanted:
        case "md":
            return attachment(export.as_markdown(talk), name, "md")
        case "json":
            return attachment(json_text(export.as_json(talk, request.user), indent=1), name, "json")
        case "jsonl":
            return attachment(json_lines(export.as_lines(talk)), name, "jsonl")
    raise Rejected("bad_request", "format must be md, json or jsonl.")


def import_talk(request: HttpRequest) -> JsonResponse:
    """A file of export_talk as JSON -> 201, the new talk"""
    talk = importing.bring_in(request.user, read_object(request))
    return answer({**talk_json(talk), "messages": messages_json(talk.messages.all(), request.user)}, 201)


def make_share(request: HttpRequest, id: UUID) -> JsonResponse:
    """{days?} -> 201 {path, token, created, expires}: the token is told this one time"""
    body = only(read_object(request), "days")
    made, token = share.make_share(own_talk(request.user, id), **body)
    times = {"created": made.created.isoformat(), "expires": made.expires.isoformat()}
    return answer({"path": f"/share/{token}", "token": token, **times}, 201)


def revoke_shares(request: HttpRequest, id: UUID) -> JsonResponse:
    """All links of the talk -> {revoked}"""
    return answer({"revoked": share.revoke(own_talk(request.user, id))})


def show_share(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page, or with ?format=json what it shows. Nobody needs to sign in, and no search engine may keep it."""
    if request.GET.get("format") == "json":
        shown = told(lambda: answer(share.shared(token)))
    else:
        shown = _share_page(request, token)
    shown["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return shown


def _share_page(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        title = share.shared(token)["title"]
    except Rejected:
        return page_not_found(request)
    return page(request, "share.html", title=title)


def export_everything(request: HttpRequest) -> HttpResponse:
    if wait := wait_s(request.user, "own_data", EXPORTS_PER_MINUTE):
        raise Rejected("rate_limited", f"That is too fast. Go on in {wait} seconds.", 429, wait)
    found = own_data.everything(request.user)
    return attachment(json_text(found, indent=1), f"rantau-{file_name(request.user.get_username())}", "json")


def erase_content(request: HttpRequest) -> JsonResponse:
    """-> {talks}: how many are gone"""
    only(read_object(request))
    return answer({"talks": own_data.erase_content(request.user)})


def erase_account(request: HttpRequest) -> JsonResponse:
    """{password}; without accounts nothing has to be said, and only the content goes"""
    body = only(read_object(request), "password")
    person = request.user
    if wait := wait_s(person, "erase", EXPORTS_PER_MINUTE):
        raise Rejected("rate_limited", f"That is too fast. Go on in {wait} seconds.", 429, wait)
    stays = person.get_username() == LOCAL
    own_data.erase_account(person, body.get("password"))
    if not stays:
        logout(request)
    return answer({})
