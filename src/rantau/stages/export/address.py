"""Addresses that may hold secrets: a signature in the query, a password before the host."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from rantau.errors import RecipeError

SIGNED = re.compile(r"signature|^sig$|^token$|^x-amz-|^x-goog-", re.IGNORECASE)
FOUND = re.compile(r"https?://[^\s\"'<>\\]+")


def checked(url: str) -> str:
    """The address with a host and no password in it.

    Raises   RecipeError if it is no http or https address
    """
    try:
        parts = urlsplit(url)
        whole = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        )
    except ValueError:  # a port that is no number, a bracket that never closes
        whole = False
    if not whole:
        raise RecipeError("--upload: is no http or https address. Write it as https://HOST/PATH.")
    if parts.username or parts.password:
        raise RecipeError(
            f"--upload {shown(url)}: holds a name or password before the host. Give it as --header "
            "'Authorization: ...' instead."
        )
    return url


def shown(url: str) -> str:
    """The address for people: without query, fragment, name and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def is_signed(url: str) -> bool:
    """True if the query carries a signature, as presigned addresses of S3-like stores do."""
    return any(SIGNED.search(name) for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True))


def address_in(text: str) -> str | None:
    """The first http address in what a service answers, whether plain text, JSON or XML."""
    found = FOUND.search(text.replace("\\/", "/"))
    return found.group().rstrip(".,;)}]") if found else None


def without(text: str, *secrets: str | None) -> str:
    """The text with every secret made invisible."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
