"""Addresses of the interface."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path

from rantau.web.http import accounts, feedback, me, messages, talks
from rantau.web.http.endpoints import endpoint
from rantau.web.talks.views import erase_account

routes: list[URLPattern] = [
    path("api/login", login_not_required(endpoint(POST=accounts.enter))),
    path("api/logout", endpoint(POST=accounts.leave)),
    path("api/password", endpoint(POST=accounts.change_password)),
    path("api/me", endpoint(GET=me.show, PATCH=me.change, DELETE=erase_account)),
    path("api/talks", endpoint(GET=talks.listing, POST=talks.make)),
    path("api/talks/<uuid:id>", endpoint(GET=talks.show, PATCH=talks.change, DELETE=talks.delete)),
    path("api/talks/<uuid:id>/restore", endpoint(POST=talks.restore)),
    path("api/talks/<uuid:id>/messages", endpoint(POST=messages.ask)),
    path("api/messages/<uuid:id>/regenerate", endpoint(POST=messages.again)),
    path("api/messages/<uuid:id>/continue", endpoint(POST=messages.further)),
    path("api/messages/<uuid:id>/feedback", endpoint(PUT=feedback.give, DELETE=feedback.take_back)),
    path("api/generations/<uuid:id>/stop", endpoint(POST=messages.end)),
]
