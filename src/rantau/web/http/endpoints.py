"""Endpoints: one function for each method of an address; what they refuse has one shape."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from rantau.serving.queue import BrokerLost
from rantau.web.http.answers import error
from rantau.web.talks.rejected import Rejected

log = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]
BUSY_S = 5


def endpoint(**methods: View) -> View:
    """A view of methods: endpoint(GET=show, POST=make). Each gets the request and the address's parts."""

    def view(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        handler = methods.get(request.method or "")
        if handler is None:
            refused = error(405, "bad_method", f"{request.method}: not here. There are: {', '.join(methods)}.")
            refused["Allow"] = ", ".join(methods)
            return refused
        return told(lambda: handler(request, **parts))

    return view


def told(act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `act` answers, or the error that it raised."""
    try:
        return act()
    except Rejected as refused:
        return error(refused.status, refused.code, refused.message, refused.retry_s)
    except Http404:
        return error(404, "not_found", "There is nothing here, or it is not yours.")
    except (OperationalError, BrokerLost) as late:
        log.warning("an answer was put off", extra={"code": type(late).__name__})
        return error(503, "unavailable", "The chat cannot reach its data now. Try again in a moment.", BUSY_S)
