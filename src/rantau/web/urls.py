"""All addresses: each package says its own."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from rantau.web.arena.routes import routes as arena
from rantau.web.compatible.routes import routes as compatible
from rantau.web.delivery.routes import routes as delivery
from rantau.web.health.routes import routes as health
from rantau.web.http.routes import routes as http
from rantau.web.pages.routes import routes as pages
from rantau.web.records.routes import routes as records
from rantau.web.talks.routes import routes as talks

urlpatterns: list[URLPattern | URLResolver] = [
    *health, *http, *talks, *delivery, *arena, *compatible, *pages, *records,
    path("admin/", admin.site.urls),
]  # fmt: skip

handler400 = "rantau.web.http.failures.bad_request"
handler403 = "rantau.web.http.failures.forbidden"
handler404 = "rantau.web.http.failures.not_found"
handler500 = "rantau.web.http.failures.server_error"
