"""Addresses of this package."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from rantau.web.http.endpoints import endpoint
from rantau.web.talks import views

routes: list[URLPattern] = [
    path("api/talks/import", endpoint(POST=views.import_talk)),
    path("api/talks/<uuid:id>/export", endpoint(GET=views.export_talk)),
    path("api/talks/<uuid:id>/share", endpoint(POST=views.make_share, DELETE=views.revoke_shares)),
    path("share/<str:token>", login_not_required(require_safe(views.show_share)), name="share"),
    path("api/me/export", endpoint(GET=views.export_everything)),
    path("api/me/data", endpoint(DELETE=views.erase_content)),
]
