"""Keys for programs. The key itself is shown once and never kept; its sha256 is."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from rantau.web.compatible.errors import Refusal
from rantau.web.guard.rate import wait_s
from rantau.web.records.models import ApiKey

SCOPES = ("chat", "models", "metrics")
PREFIX, PREFIX_CHARS = "rantau-", 12
MOST_EACH = 20
_BEARER = re.compile(r"Bearer +([!-~]{1,200}) *", re.IGNORECASE)


def digest_of(secret: str) -> str:
    """Of 256 random bits, so no salt and no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make(owner: Any, name: str, scopes: Sequence[str], per_minute: int) -> tuple[ApiKey, str]:
    """A new key and its secret, which nobody can read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        owner=owner, name=name, prefix=secret[:PREFIX_CHARS], digest=digest_of(secret), scopes=list(scopes),
        per_minute=per_minute,
    )  # fmt: skip
    return row, secret


def key_of(authorization: str | None, scope: str) -> ApiKey:
    """The key of a request, if it may do this now.

    authorization  the header: Bearer KEY; cookies are not looked at
    Raises   Refusal 401, 403 or 429
    """
    said = _BEARER.fullmatch(authorization or "")
    if said is None:
        raise Refusal(401, "missing_api_key", "No API key. Send the header Authorization: Bearer KEY.")
    key: ApiKey | None = (
        ApiKey.objects.select_related("owner")
        .filter(digest=digest_of(said[1]), revoked__isnull=True, owner__is_active=True)
        .first()
    )
    if key is None:
        raise Refusal(
            401, "invalid_api_key", "This API key is not known, or it was revoked. Make one in settings."
        )
    if scope not in key.scopes:
        raise Refusal(403, "missing_scope", f"This API key may not use {scope}. Make one with this scope.")
    if wait := wait_s(key, "key", key.per_minute):
        message = f"This key makes more than {key.per_minute} requests in a minute. Wait {wait} seconds."
        raise Refusal(429, "rate_limit_exceeded", message, retry_s=wait)
    _mark_used(key)
    return key


def _mark_used(key: ApiKey) -> None:
    """Once a minute is enough: a write for every request would make readers of SQLite wait."""
    now = timezone.now()
    if key.used is None or now - key.used > timedelta(minutes=1):
        ApiKey.objects.filter(id=key.id).update(used=now)


def of_owner(owner: Any) -> list[ApiKey]:
    return list(ApiKey.objects.filter(Q(revoked__isnull=True), owner=owner).order_by("-created"))
