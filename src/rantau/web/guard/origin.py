"""Origins: whose page sends a request. A page of another site may not, on this machine either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from rantau.web.http.answers import error
from rantau.web.site import Site, current

SAFE = ("GET", "HEAD", "OPTIONS")
DEFAULT_PORTS = {"http": 80, "https": 443}


def allowed(origin: str | None, site: Site, host: str | None = None) -> bool:
    """Whether a page of `origin` may ask this site. None, and the "null" of a sandbox, may not.

    host  the request's Host header, if it is known: then a page of another port of this machine may not either
    """
    try:
        parts = urlsplit(origin or "")
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False
    if parts.scheme not in DEFAULT_PORTS or parts.hostname not in site.allowed_hosts or parts.path:
        return False
    if host is not None:
        return _place(host, parts.scheme) == (parts.hostname, port)
    return port == site.port or (parts.hostname in site.hosts and port in DEFAULT_PORTS.values())


def _place(host: str, scheme: str) -> tuple[str | None, int | None] | None:
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname, parts.port or DEFAULT_PORTS[scheme]
    except ValueError:
        return None


def allowed_scope(scope: Mapping[str, Any], site: Site) -> bool:
    """The same for a WebSocket, whose browser always says its origin."""
    told = {
        name: value.decode("latin-1") for name, value in scope.get("headers", ()) if name in (b"origin", b"host")
    }
    return b"host" in told and allowed(told.get(b"origin"), site, told[b"host"])


@sync_and_async_middleware
def same_origin(get_response: Any) -> Any:
    """Refuses what a page of another site sends. A program says no origin: it has a key or the form's token."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            answer: HttpResponseBase = error(403, *FOREIGN) if _foreign(request) else await get_response(request)
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        answer: HttpResponseBase = error(403, *FOREIGN) if _foreign(request) else get_response(request)
        return answer

    return now


FOREIGN = ("origin", "This request comes from a page of another site. Open the chat itself and try again.")


def _foreign(request: HttpRequest) -> bool:
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "")
    if request.method in SAFE:
        return request.path_info.startswith("/api/") and site in ("cross-site", "same-site")
    if site in ("cross-site", "same-site"):
        return True
    return origin is not None and not allowed(origin, current(), request.get_host())
