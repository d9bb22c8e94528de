"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_safe

from rantau.web.http.endpoints import endpoint
from rantau.web.pages import reports, views

_forms = require_http_methods(["GET", "HEAD", "POST"])

routes: list[URLPattern] = [
    path("", require_safe(views.chat), name="chat"),
    path("talk/<uuid:id>", require_safe(views.chat), name="talk"),
    path("arena", require_safe(views.arena), name="arena"),
    path("settings", require_safe(views.settings), name="settings"),
    path("login", login_not_required(_forms(views.login)), name="login"),
    path("logout", login_not_required(_forms(views.logout)), name="logout"),
    path("api/generations/<uuid:id>/mismatch", endpoint(POST=reports.mismatch), name="mismatch"),
    path("words/<str:language>.json", login_not_required(require_safe(views.catalogue)), name="words"),
]
