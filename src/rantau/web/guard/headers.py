"""Headers of every answer: a page runs its own scripts only, and nobody frames it."""

from __future__ import annotations

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
TRUSTED_TYPES = {"require-trusted-types-for": "'script'", "trusted-types": "'none'"}
OTHERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NOT_KEPT = ("/api/", "/v1/", "/share/", "/admin/")


def policy(path: str) -> str:
    """The content security policy of an address. Django's own admin scripts write markup as text."""
    rules = POLICY if path.startswith("/admin/") else POLICY | TRUSTED_TYPES
    return "; ".join(f"{name} {value}" for name, value in rules.items())


@sync_and_async_middleware
def headers(get_response: Any) -> Any:
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _dressed(request, await get_response(request))

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        return _dressed(request, get_response(request))

    return now


def _dressed(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    answer.headers.setdefault("Content-Security-Policy", policy(request.path_info))
    for name, value in OTHERS.items():
        answer.headers.setdefault(name, value)
    if request.path_info.startswith(NOT_KEPT):
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
