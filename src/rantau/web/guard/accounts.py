"""Accounts: signing in and out, and the patience with wrong passwords."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.contrib.auth import authenticate, login, logout, password_validation, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from rantau import files
from rantau.web.guard.rate import wait_for
from rantau.web.talks.rejected import Rejected

TRIES, TRIES_OF_ADDRESS, WINDOW_S = 5, 30, 300
"""In five minutes: for one name from one address, and for all names from it."""


def sign_in(request: HttpRequest, name: object, password: object) -> Any:
    """The person, with a session that is new. Every try counts, so that a right guess cannot be told by its speed.

    Raises   Rejected bad_login, rate_limited
    """
    if not (
        isinstance(name, str) and isinstance(password, str) and 0 < len(name) <= 150 and len(password) <= 1024
    ):
        raise _wrong()
    if not name.isprintable():
        raise _wrong()
    _not_too_often(name, request.META.get("REMOTE_ADDR", ""))
    user = authenticate(request, username=name, password=password)
    if user is None:
        raise _wrong()
    login(request, user)
    return user


def _not_too_often(name: str, address: str) -> None:
    network = network_of(address)
    who = files.sha256_text(f"{name.casefold()}\n{network}")[:32]  # names of people are no names of keys
    wait = wait_for(f"login:{files.sha256_text(network)[:32]}", TRIES_OF_ADDRESS, window_s=WINDOW_S)
    # a name is counted only then: names that nobody has would fill the broker
    if wait := wait or wait_for(f"login:{who}", TRIES, window_s=WINDOW_S):
        raise Rejected("rate_limited", f"Too many tries. Try again in {wait} seconds.", 429, wait)


def network_of(address: str) -> str:
    """Of IPv6 the /64, all of which one customer has; IPv4 is itself, also as IPv6 writes it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))


def _wrong() -> Rejected:
    return Rejected("bad_login", "There is no account with this name and password.", 403)


def sign_out(request: HttpRequest) -> None:
    logout(request)


def set_password(request: HttpRequest, old: object, new: object) -> None:
    """Other sessions of this person end. Raises   Rejected bad_login, bad_password, rate_limited"""
    user = request.user
    _not_too_often(user.get_username(), request.META.get("REMOTE_ADDR", ""))
    if not (isinstance(old, str) and isinstance(new, str) and len(new) <= 1024 and user.check_password(old)):
        raise _wrong()
    try:
        password_validation.validate_password(new, user)
    except ValidationError as error:
        raise Rejected("bad_password", " ".join(error.messages)) from error
    user.set_password(new)
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
