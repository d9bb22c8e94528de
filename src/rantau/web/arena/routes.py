"""Addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, path

from rantau.web.arena import views
from rantau.web.http.endpoints import endpoint

routes: list[URLPattern] = [
    path("api/arena", endpoint(GET=views.results)),
    path("api/arena/export", endpoint(GET=views.export)),
    path("api/battles/<uuid:id>/vote", endpoint(POST=views.vote, DELETE=views.take_back)),
]
