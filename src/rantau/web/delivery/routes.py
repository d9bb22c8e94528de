"""Addresses of this room. The socket's is in web/asgi.py."""

from __future__ import annotations

from django.urls import URLPattern, path

from rantau.web.delivery.events import events, poll

routes: list[URLPattern] = [
    path("api/generations/<uuid:generation>/events", events, name="events"),
    path("api/generations/<uuid:generation>", poll, name="poll"),
]
