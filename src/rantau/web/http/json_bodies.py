"""Bodies of requests: JSON objects of known fields, not deep."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest

from rantau.web.talks.rejected import Rejected

DEEPEST = 16


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The object that was sent; empty if nothing was.

    Raises   Rejected bad_json, bad_type
    """
    form = request.content_type == "multipart/form-data"  # which may have been read: then there is no body left
    if not form and not request.body:
        return {}
    if request.content_type != "application/json":
        raise Rejected("bad_type", "Send JSON: Content-Type: application/json.", 415)
    try:
        found = json.loads(request.body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Rejected("bad_json", "The body is not JSON.") from error
    if not isinstance(found, dict) or _depth(found) > DEEPEST:
        raise Rejected("bad_json", f"The body must be an object, at most {DEEPEST} levels deep.")
    return found


def only(body: dict[str, Any], *names: str) -> dict[str, Any]:
    """The body, if it has no other fields. Raises   Rejected bad_request"""
    if unknown := sorted(set(body) - set(names)):
        raise Rejected("bad_request", f"{unknown[0]!r}: no field here. There are: {', '.join(names) or 'none'}.")
    return body


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _depth(value: Any) -> int:
    deepest, left = 0, [(value, 1)]
    while left:
        at, depth = left.pop()
        if isinstance(at, dict | list):
            deepest = max(deepest, depth)
            left += [(inner, depth + 1) for inner in (at.values() if isinstance(at, dict) else at)]
    return deepest
