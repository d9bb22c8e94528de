"""Retention: what people deleted goes for good after a while, and sessions that are over."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from rantau.web.records.models import Talk

KEPT = timedelta(days=30)
"""So long a deleted talk can be brought back."""


def forget() -> int:
    """Returns the number of talks that are gone."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    gone = Talk.objects.filter(deleted__lt=now - KEPT)
    n: int = gone.count()
    gone.delete()
    return n
