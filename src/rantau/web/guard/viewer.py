"""The viewer: who looks at a page or listens at a socket."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.db import IntegrityError, connections
from django.http import HttpRequest, parse_cookie
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from rantau.web.delivery.lookups import look_up
from rantau.web.http.answers import PROGRAMS, error
from rantau.web.site import current

LOCAL = "local"
FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


class ViewerMiddleware(AuthenticationMiddleware):
    """Django's, and the one person of a chat without accounts."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.auser = partial(_auser, request)
        if is_alone(request.META.get("REMOTE_ADDR", ""), request.headers):
            request.user = SimpleLazyObject(local_user)


class SignedInMiddleware(LoginRequiredMiddleware):
    """Every address needs an account but those marked login_not_required. Programs are told so in JSON."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        """An asynchronous view may tell for hours: it does not hold the connection that found its viewer."""
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        if iscoroutinefunction(view_func):
            connections.close_all()
        return refused

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseBase:
        if request.path_info.startswith(PROGRAMS):
            return error(401, "signed_out", "You are not signed in. Sign in at /login.")
        answer: HttpResponseBase = super().handle_no_permission(request, view_func)
        return answer


def is_alone(peer: str, headers: Iterable[str]) -> bool:
    """Whether whoever asks is the one person of the site. headers: names of those that the request has"""
    return current().single_user and is_near(peer, headers)


def is_near(peer: str, headers: Iterable[str]) -> bool:
    """Whether a request comes from this machine; what a proxy on it passes on may come from anywhere."""
    return is_loopback(peer) and not any(name.lower() in FORWARDED for name in headers)


def is_loopback(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def local_user() -> Any:
    """The person of a chat without accounts. Nobody can sign in as this one."""
    users = get_user_model().objects
    found = users.filter(username=LOCAL).first()
    if found is None:
        try:
            found = users.create_superuser(LOCAL, password=None)
        except IntegrityError:  # another request was first
            found = users.get(username=LOCAL)
    return found


async def _auser(request: HttpRequest) -> Any:
    """Mostly known already; asking on the request's own thread would open a connection that nobody closes."""
    return await look_up(_known, request.user)


def _known(user: Any) -> Any:
    assert user.pk or user.is_anonymous
    return user


def viewer_of(scope: Mapping[str, Any]) -> Any | None:
    """Who opened a WebSocket, by its session; None if nobody is signed in. It asks the database each time."""
    headers = [name.decode("latin-1") for name, _ in scope.get("headers", ())]
    if is_alone((scope.get("client") or ("",))[0], headers):
        return local_user()
    request = HttpRequest()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(_cookies(scope).get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)  # also refuses a session from before a change of the password
    return user if user.is_authenticated else None


def _cookies(scope: Mapping[str, Any]) -> dict[str, str]:
    told = b"; ".join(value for name, value in scope.get("headers", ()) if name == b"cookie").decode("latin-1")
    return dict(parse_cookie(told))
