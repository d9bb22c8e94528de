"""What is answered where no view can: programs get the interface's errors, people a page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from rantau.web.http.answers import PROGRAMS, error
from rantau.web.pages.failure import failure_page


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _told(request, 400, "bad_request", "This request cannot be understood.")


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _told(request, 403, "forbidden", "You may not do this.")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _told(request, 404, "not_found", "There is nothing here, or it is not yours.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _told(request, 500, "internal", "Something broke here. It was written to the log; try again.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _told(request, 403, "csrf", "This page is too old to send that. Load it again and try once more.")


def _told(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if request.path_info.startswith(PROGRAMS):
        return error(status, code, message)
    return failure_page(status, code)
