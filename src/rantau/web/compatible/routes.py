"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from rantau.web.compatible import key_views, views
from rantau.web.http.endpoints import endpoint

routes: list[URLPattern] = [
    path("v1/models", views.models, name="v1_models"),
    path("v1/models/<path:name>", views.model, name="v1_model"),
    path("v1/chat/completions", views.completions, name="v1_completions"),
    path("v1/<path:rest>", views.nothing, name="v1_nothing"),
    path("api/keys", endpoint(GET=key_views.list_keys, POST=key_views.make_key), name="keys"),
    path("api/keys/<uuid:key>", endpoint(DELETE=key_views.revoke_key), name="key"),
]
