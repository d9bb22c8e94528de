"""Sharing: a talk as it is now, for whoever has the link, until the link expires or is revoked.

The link's token has 128 random bits and is told once; only its digest is kept. The snapshot holds the branch that
is shown, no ids of rows, no system prompt and no owner. What is secret when it is made stays secret in it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from rantau import files
from rantau.web.database import writing
from rantau.web.http.shapes import is_secret
from rantau.web.records.models import Message, Share, Talk
from rantau.web.records.sizes import measure
from rantau.web.site import current
from rantau.web.talks.branch import newest_branch
from rantau.web.talks.rejected import Rejected, not_found
from rantau.web.talks.room import refuse_if_full

TOKEN_BYTES = 16
DAYS, MOST_DAYS = 30, 365
MOST_EACH = 20
"""Links of one talk that work."""


def make_share(talk: Talk, *, days: Any = DAYS) -> tuple[Share, str]:
    """The share and its token, this one time.

    Raises   Rejected bad_request, empty, full, too_many
    """
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise Rejected("bad_request", f"days must be a whole number in 1..{MOST_DAYS}.")
    if talk.shares.filter(_live()).count() >= MOST_EACH:
        raise Rejected("too_many", f"{MOST_EACH} links to this talk work already. Revoke them first.", 409)
    token, shown = secrets.token_urlsafe(TOKEN_BYTES), snapshot(talk)
    if not shown["messages"]:
        raise Rejected("empty", "There is nothing to share yet.", 409)
    refuse_if_full(talk.owner, json.dumps(shown, ensure_ascii=False))
    expires = timezone.now() + timedelta(days=days)
    with writing():
        made = Share.objects.create(talk=talk, digest=_digest(token), snapshot=shown, expires=expires)
        measure(talk.id)
    return made, token


def shared(token: str) -> dict[str, Any]:
    """The snapshot. Raises   Rejected not_found: no such link, or not any more"""
    live = Share.objects.filter(_live(), talk__deleted=None, talk__owner__is_active=True)
    found = live.filter(digest=_digest(token)).first()
    if found is None:
        raise not_found()
    kept: dict[str, Any] = found.snapshot
    return kept


def revoke(talk: Talk) -> int:
    """All links to the talk, for good; what they showed is forgotten. Returns how many worked."""
    n: int = talk.shares.filter(_live()).count()
    with writing():
        talk.shares.filter(revoked=None).update(revoked=timezone.now(), snapshot={})
        measure(talk.id)
    return n


def snapshot(talk: Talk) -> dict[str, Any]:
    models = [{"name": m.name, "title": m.title, "kind": m.kind} for m in current().models]
    shown = list(_turns(talk))
    named = {turn["model"] for turn in shown}
    return {
        "title": talk.title, "mode": talk.mode, "created": timezone.now().isoformat(),
        "language": current().language, "models": [m for m in models if m["name"] in named], "messages": shown,
    }  # fmt: skip


def _turns(talk: Talk) -> Iterator[dict[str, Any]]:
    """In order, with numbers for ids."""
    rows = talk.messages.defer("tokens").select_related("parent__battle__vote")
    n, before = 0, None
    for exchange in newest_branch(rows):
        n += 1
        question = _name(n)
        yield _turn(exchange.question, question, before)
        before = question
        for answer in exchange.answers:
            n += 1
            yield _turn(answer, _name(n), question)
            before = question if answer.side else _name(n)


def _name(n: int) -> str:
    return f"{n:05d}"


def _turn(message: Message, name: str, parent: str | None) -> dict[str, Any]:
    created: datetime = message.created
    return {
        "id": name, "parent": parent, "role": message.role, "text": message.text, "side": message.side,
        "model": "" if is_secret(message) else message.model, "created": created.isoformat(),
    }  # fmt: skip


def _digest(token: str) -> str:
    return files.sha256_text(token)


def _live() -> Q:
    return Q(revoked=None) & (Q(expires=None) | Q(expires__gt=timezone.now()))
