"""The finalizer: ended logs become rows. Twice is as good as once; no log is let go before its text is kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone

from rantau.errors import ServingError
from rantau.serving.protocol import End, Entry, EntryId, Tokens
from rantau.serving.queue import BrokerLost, Ended, Finals, read_log
from rantau.web.records.models import Generation, Message
from rantau.web.records.models.talks import ENDED, OPEN
from rantau.web.records.sizes import measure
from rantau.web.upkeep.requeue import requeue

log = logging.getLogger(__name__)
LONGEST_TRY = timedelta(hours=1)


def keep(finals: Finals, client: Any, *, wait_ms: int | None = None) -> int:
    """Writes what has ended into the database, and only then lets the broker forget it.

    Returns  notes that are settled
    Raises   BrokerLost; OperationalError if the database does not take it: the notes come again
    """
    n = 0
    for ended in finals.take(wait_ms=wait_ms):
        try:
            keep_one(client, ended)
        except (BrokerLost, OperationalError):
            raise
        except Exception:  # one that cannot be kept holds nobody else up; its note comes again
            log.exception("a generation cannot be kept", extra={"generation": ended.generation})
            if not give_up(ended):
                continue
        finals.persisted(ended)
        n += 1
    return n


def keep_one(client: Any, ended: Ended) -> None:
    """Writes one, unless it is there already or nobody asked for it here."""
    entries = read_log(client, ended.generation)
    with transaction.atomic():
        found = _locked(ended.generation)
        if found is None or found.state in ENDED:
            return
        if is_whole(entries):
            write(found, entries)
        else:
            requeue(found)  # the broker has lost a part of it


def give_up(ended: Ended) -> bool:
    """After an hour of tries a message has failed, so that nobody waits for ever. False before that."""
    with transaction.atomic():
        found = _locked(ended.generation)
        if found is None or found.queued > timezone.now() - LONGEST_TRY:
            return False
        Message.objects.filter(id=found.message_id, state__in=OPEN).update(
            state="failed", reason="error", code="unreadable"
        )
        found.state, found.code, found.ended = "failed", "unreadable", timezone.now()
        found.save(update_fields=["state", "code", "ended"])
    return True


def _locked(name: str) -> Generation | None:
    try:
        id_ = UUID(name)
    except ValueError:
        return None  # of a program that keeps its answers itself
    rows = Generation.objects.select_for_update(of=("self",)).select_related("message")
    found: Generation | None = rows.filter(id=id_).first()
    return found


def is_whole(entries: Sequence[tuple[EntryId, Entry]]) -> bool:
    """Whether nothing is missing between the first entry and the end."""
    numbers = [id_.seq for id_, _ in entries]
    return bool(entries) and isinstance(entries[-1][1], End) and numbers == list(range(1, len(entries) + 1))


def write(found: Generation, entries: Sequence[tuple[EntryId, Entry]]) -> None:
    """The text that readers have seen, its tokens and how it ended."""
    last, end = entries[-1]
    if not isinstance(end, End):
        raise ServingError(f"the log of {found.id} has no end.")
    said = [entry for _, entry in entries if isinstance(entry, Tokens)]
    ids = [token for piece in said for token in piece.ids]
    message, now = found.message, timezone.now()
    wall_ms = max(int((now - message.created).total_seconds() * 1000), 0)
    known = (message.tokens or not message.beginning) and not any(piece.n_unnamed for piece in said)
    Message.objects.filter(id=message.id, state__in=OPEN).update(
        text=message.beginning + "".join(piece.text for piece in said).replace("\x00", "\ufffd"),
        tokens=[*message.tokens, *ids] if known else [],  # a part of them would be continued as if it were all
        state=end.state,
        reason=end.reason,
        code=end.code,
        digest=end.digest or message.digest,
        left_out=message.left_out + end.dropped,
        prompt_tokens=end.prompt_tokens,
        completion_tokens=sum(piece.n_tokens for piece in said),
        first_ms=None if end.spoken_ms is None else max(wall_ms - end.spoken_ms, 0),
        wall_ms=wall_ms,
    )
    measure(message.talk_id)
    found.state, found.code, found.attempt, found.ended = end.state, end.code, last.attempt, now
    found.save(update_fields=["state", "code", "attempt", "ended"])
