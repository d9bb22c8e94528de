"""Admission: what was committed goes to the broker. A process that dies before that leaves it to the sweeper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.utils import timezone

from rantau.serving.queue import Admission, BrokerFull, BrokerLost
from rantau.web.records.models import Generation, Message
from rantau.web.records.models.talks import OPEN
from rantau.web.talks.jobs import job_of
from rantau.web.talks.rejected import Rejected

Verdict = Literal["admitted", "full", "too_many", "lost"]
LONGEST_WAIT_S = 120


def admit(generation: Generation, admission: Admission) -> Verdict:
    """full = the queue is, or the broker's memory; lost = the broker did not answer: it may have it or not, and is
    asked again later under the same name."""
    try:
        told, _ = admission.admit(job_of(generation), message=str(generation.id))
    except BrokerFull:
        return "full"
    except BrokerLost:
        return "lost"
    if told in ("full", "too_many"):
        return told
    try:
        row = Generation.objects.filter(id=generation.id)
        if not row.exclude(state="stopping").update(admitted=timezone.now()):  # a stop that came meanwhile
            row.update(admitted=timezone.now())
            admission.cancel(str(generation.id), str(generation.owner_id))
    except BrokerLost:
        return "lost"
    return "admitted"


def admit_all(generations: Sequence[Generation], admission: Admission) -> None:
    """Admits the answers to one prompt.

    Raises   Rejected busy or too_many if one was refused; then all have failed
    """
    done: list[Generation] = []
    for generation in generations:
        verdict = admit(generation, admission)
        if verdict == "lost":
            verdict = _as_limited(generation, admission)
        if verdict in ("full", "too_many"):
            refuse(generations, "busy" if verdict == "full" else "too_many")
            _take_back(done, admission)
            raise refusal(verdict)
        done.append(generation)


def _as_limited(generation: Generation, admission: Admission) -> Verdict:
    """The verdict while the broker is away: the limits hold by what the database has that is open."""
    rows, limits = Generation.objects.filter(state__in=OPEN).order_by(), admission.limits
    if rows.count() > limits.jobs:
        return "full"
    return "too_many" if rows.filter(owner=generation.owner_id).count() > limits.each_owner else "lost"


def refusal(verdict: Literal["full", "too_many"] | str) -> Rejected:
    if verdict == "full":
        return Rejected("busy", "Too many people are waiting. Try again in a moment.", 503, wait_s())
    return Rejected("too_many", "Your other answers are still being written. Wait for one, or stop it.", 429, 5)


def refuse(generations: Sequence[Generation], code: str) -> None:
    """The broker would not have them: their messages have failed, in one transaction."""
    ids = [generation.id for generation in generations]
    with transaction.atomic():
        Generation.objects.filter(id__in=ids, state__in=OPEN).update(
            state="failed", code=code, ended=timezone.now()
        )
        Message.objects.filter(generations__in=ids, state__in=OPEN).update(
            state="failed", reason="error", code=code
        )


def _take_back(generations: Sequence[Generation], admission: Admission) -> None:
    for generation in generations:
        try:
            admission.cancel(str(generation.id), str(generation.owner_id))
        except BrokerLost:  # it is answered for nobody; the rows have ended
            return


def wait_s() -> int:
    """Seconds until there may be room: what waits, at the pace of the last minute."""
    lately = Generation.objects.filter(ended__gt=timezone.now() - timedelta(minutes=1)).exclude(attempt=0).count()
    waiting = Generation.objects.filter(state__in=OPEN).count()
    return min(max(math.ceil(60 * waiting / max(lately, 1) / 4), 5), LONGEST_WAIT_S) if lately else 30
