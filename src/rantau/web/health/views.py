"""What probes and watchers ask."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from rantau.web.compatible.errors import Refusal
from rantau.web.compatible.keys import key_of
from rantau.web.guard.viewer import is_near
from rantau.web.health.figures import figures
from rantau.web.health.states import reasons
from rantau.web.health.text import CONTENT_TYPE, written
from rantau.web.http.answers import answer, error


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives; it asks nobody else, so that a broker that is away restarts no web process."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """503 with reasons while no answer can be expected."""
    found = reasons()
    return answer({"ready": not found, "reasons": found}, 503 if found else 200)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """To this machine, to administrators, and to their keys with the scope metrics."""
    if not may_watch(request):
        return error(
            403, "forbidden", "Figures are for administrators: sign in, or send a key with the scope metrics."
        )
    return HttpResponse(written(figures()), content_type=CONTENT_TYPE)


def may_watch(request: HttpRequest) -> bool:
    if is_near(request.META.get("REMOTE_ADDR", ""), request.headers):
        return True
    if "Authorization" in request.headers:
        try:
            return bool(key_of(request.headers["Authorization"], "metrics").owner.is_staff)
        except Refusal:
            return False
    return bool(request.user.is_active and request.user.is_staff)
