"""Signing in and out for programs of the page."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from rantau.web.guard.accounts import set_password, sign_in, sign_out
from rantau.web.http.answers import answer
from rantau.web.http.json_bodies import only, read_object


def enter(request: HttpRequest) -> JsonResponse:
    """{user, password}"""
    body = only(read_object(request), "user", "password")
    user = sign_in(request, body.get("user"), body.get("password"))
    return answer({"user": user.get_username()})


def leave(request: HttpRequest) -> JsonResponse:
    sign_out(request)
    return answer({})


def change_password(request: HttpRequest) -> JsonResponse:
    """{old, new}"""
    body = only(read_object(request), "old", "new")
    set_password(request, body.get("old"), body.get("new"))
    return answer({})
