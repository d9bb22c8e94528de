"""Addresses of the administration that are not Django's: people sign in at one door, where guesses are counted."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path


def to_login(request: HttpRequest) -> HttpResponse:
    """An administrator goes on; for everybody else who is signed in there is nothing here."""
    if request.user.is_staff:
        return HttpResponseRedirect("/admin/")
    raise Http404


routes: list[URLPattern] = [path("admin/login/", to_login)]
