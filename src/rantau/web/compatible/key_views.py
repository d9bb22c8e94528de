"""Keys as their owner sees them in settings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from rantau.web.compatible.keys import MOST_EACH, SCOPES, make, of_owner
from rantau.web.http.answers import answer
from rantau.web.http.json_bodies import only, read_object
from rantau.web.records.models import ApiKey
from rantau.web.talks.rejected import Rejected, not_found
from rantau.web.talks.validation import clean_title

PER_MINUTE, MOST_PER_MINUTE = 60, 600


def key_json(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "per_minute": key.per_minute,
        "created": key.created.isoformat(),
        "used": key.used.isoformat() if key.used else None,
    }


def list_keys(request: HttpRequest) -> HttpResponse:
    return answer({"keys": [key_json(key) for key in of_owner(request.user)]})


def make_key(request: HttpRequest) -> HttpResponse:
    """201 with the key's secret, this one time."""
    row = only(read_object(request), "name", "scopes", "per_minute")
    name = clean_title(row.get("name", ""))[:100]
    if not name:
        raise Rejected("bad_request", "name must say what the key is for.")
    if len(of_owner(request.user)) >= MOST_EACH:
        raise Rejected("too_many", f"You have {MOST_EACH} keys. Revoke one first.", 409)
    key, secret = make(request.user, name, _scopes(request.user, row.get("scopes")), _pace(row.get("per_minute")))
    return answer({**key_json(key), "secret": secret}, 201)


def _scopes(owner: Any, scopes: object) -> list[str]:
    if scopes is None:
        return ["chat", "models"]
    if not isinstance(scopes, list) or not scopes or not all(s in SCOPES for s in scopes):
        raise Rejected("bad_request", f"scopes must be some of: {', '.join(SCOPES)}.")
    if "metrics" in scopes and not owner.is_staff:
        raise Rejected("forbidden", "Only administrators read figures. Leave out the scope metrics.", 403)
    return [s for s in SCOPES if s in scopes]


def _pace(value: object) -> int:
    if value is None:
        return PER_MINUTE
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_PER_MINUTE:
        raise Rejected("bad_request", f"per_minute must be a whole number in 1..{MOST_PER_MINUTE}.")
    return value


def revoke_key(request: HttpRequest, key: UUID) -> HttpResponse:
    """For good; a second time changes nothing."""
    found = ApiKey.objects.filter(id=key, owner=request.user).first()
    if found is None:
        raise not_found()
    if found.revoked is None:
        ApiKey.objects.filter(id=key).update(revoked=timezone.now())
    return HttpResponse(status=204)
