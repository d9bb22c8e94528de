"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from rantau.web.health.views import healthz, metrics, readyz

routes: list[URLPattern] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
