"""Walking all addresses of the site, with ids in the places that want one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

OWNED = {
    "talk/<uuid:id>": "talk",
    "api/talks/<uuid:id>": "talk",
    "api/messages/<uuid:id>": "message",
    "api/generations/<uuid:id>": "generation",
    "api/generations/<uuid:generation>": "generation",
    "api/battles/<uuid:id>": "battle",
    "api/keys/<uuid:key>": "key",
}
"""Beginnings of addresses that name a row -> what kind of row."""
PLAIN = {
    "words/<str:language>.json": "words/en.json",
    "share/<str:token>": "share/{token}",
    "v1/models/<path:name>": "v1/models/demo",
    "v1/<path:rest>": "v1/anything",
}
"""Addresses with a place that names no row of a person."""


def patterns(urls: Any = None, before: str = "") -> Iterator[str]:
    """All patterns but those of Django's administration, which test_admin walks."""
    for each in get_resolver().url_patterns if urls is None else urls:
        if isinstance(each, URLResolver):
            if str(each.pattern) != "admin/":
                yield from patterns(each.url_patterns, before + str(each.pattern))
        elif isinstance(each, URLPattern):
            yield before + str(each.pattern)


def kind_of(pattern: str) -> str | None:
    """What its id names; None for an address without one."""
    if "<" not in pattern or pattern in PLAIN:
        return None
    found = [kind for begin, kind in OWNED.items() if pattern == begin or pattern.startswith(f"{begin}/")]
    assert found, f"{pattern}: a new address with an id. Say in tests/web/arena/walking.py what it names"
    return found[0]


def addresses(ids: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pattern and path. ids: of each kind of row, and `token`"""
    for pattern in patterns():
        kind = kind_of(pattern)
        if kind is None:
            yield pattern, "/" + PLAIN.get(pattern, pattern).format(**ids)
        else:
            begin, _, rest = pattern.partition("<")
            yield pattern, f"/{begin}{ids[kind]}{rest.partition('>')[2]}"
