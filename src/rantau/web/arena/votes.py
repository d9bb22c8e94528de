"""Votes: one for a battle, by whoever asked, after both answers have ended; for ten seconds it can be undone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from rantau.web.arena.ballots import CHOICES, REASONS
from rantau.web.records.models import Battle, Vote
from rantau.web.records.models.talks import ENDED
from rantau.web.talks.rejected import Rejected, not_found

UNDO = timedelta(seconds=10)
LONGEST_DWELL_MS = 24 * 3600 * 1000
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})?")


def own_battle(viewer: Any, id_: UUID) -> Battle:
    """Raises   Rejected not_found"""
    rows = Battle.objects.select_related("a", "b", "message__talk", "vote")
    found: Battle | None = rows.filter(id=id_, message__talk__owner=viewer, message__talk__deleted=None).first()
    if found is None:
        raise not_found()
    return found


def cast(
    viewer: Any, battle: Battle, *, choice: Any, reasons: Any = (), dwell_ms: Any = None, language: Any = ""
) -> Vote:
    """A vote. From now on its voter may see which side was which.

    dwell_ms  how long the voter had both answers before the eyes; language: of the voter's pages
    Raises    Rejected bad_request, unfinished, voted
    """
    fields = {"choice": _choice(choice), "reasons": _reasons(reasons), "dwell_ms": _dwell(dwell_ms),
              "language": _language(language)}  # fmt: skip
    if not {battle.a.state, battle.b.state} <= set(ENDED):
        raise Rejected(
            "unfinished", "Both answers must have ended before you vote. Wait for them, or stop them.", 409
        )
    now = timezone.now()
    try:
        with transaction.atomic():
            vote: Vote = Vote.objects.create(battle=battle, voter=viewer, created=now, **fields)
            Battle.objects.filter(id=battle.id, revealed=None).update(revealed=now)
    except IntegrityError as error:
        raise Rejected("voted", "You have voted on this round already.", 409) from error
    return vote


def take_back(battle: Battle) -> None:
    """Raises   Rejected not_found, too_late"""
    late = timezone.now() - UNDO
    if Vote.objects.filter(battle=battle, created__gt=late).delete()[0]:
        return
    if Vote.objects.filter(battle=battle).exists():
        raise Rejected("too_late", "A vote can be taken back for ten seconds. This one stays.", 409)
    raise not_found()


def _choice(value: Any) -> str:
    if value not in CHOICES or not isinstance(value, str):
        raise Rejected("bad_request", f"choice must be one of {', '.join(CHOICES)}.")
    return value


def _reasons(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) and v in REASONS for v in value):
        raise Rejected("bad_request", f"reasons must be a list of some of: {', '.join(REASONS)}.")
    return [reason for reason in REASONS if reason in value]


def _dwell(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Rejected("bad_request", "dwell_ms must be a whole number of milliseconds.")
    return min(value, LONGEST_DWELL_MS)


def _language(value: Any) -> str:
    if value in ("", None):
        return ""
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value) or len(value) > 16:
        raise Rejected("bad_request", "language must be a tag such as id or pt-BR.")
    return value
