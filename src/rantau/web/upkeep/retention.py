"""Retention: what nobody uses any more is deleted, what was deleted goes for good, and sessions that are over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from rantau.web.database import writing
from rantau.web.records.models import Generation, Message, Talk
from rantau.web.records.models.talks import OPEN
from rantau.web.site import current

AT_ONCE = 100
"""Talks of one transaction: people who write meanwhile wait for no more."""


def forget() -> int:
    """As the site's keep_days and keep_deleted_days say. Returns the number of talks that are gone for good."""
    site, now = current(), timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    if site.keep_days:
        _unused(now - timedelta(days=site.keep_days)).update(deleted=now)
    gone = Talk.objects.filter(deleted__lt=now - timedelta(days=site.keep_deleted_days))
    n = 0
    while ids := list(gone.order_by().values_list("id", flat=True)[:AT_ONCE]):
        with writing():
            n += gone.filter(id__in=ids).delete()[1].get("records.Talk", 0)  # not what was restored meanwhile
    return n


def is_unused(talk: Talk) -> bool:
    """Whether it would be deleted for that now."""
    days = current().keep_days
    return (
        bool(days)
        and _unused(timezone.now() - timedelta(days=days), deleted=talk.deleted).filter(id=talk.id).exists()
    )


def _unused(since: datetime, *, deleted: datetime | None = None) -> QuerySet[Talk]:
    """Talks in which nothing was asked since then, and nothing is being answered."""
    asked = Message.objects.filter(talk=OuterRef("pk"), created__gte=since)
    open_ = Generation.objects.filter(message__talk=OuterRef("pk"), state__in=OPEN)
    return Talk.objects.filter(~Exists(asked), ~Exists(open_), deleted=deleted, updated__lt=since)
