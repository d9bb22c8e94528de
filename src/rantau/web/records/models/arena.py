"""Battles of two answers and the votes on them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from rantau.web.records.models.talks import Message


class Battle(models.Model):
    """message: the prompt; a, b: its answers; kind: adapted against base, or base against itself, which measures
    whether people favour a side; seed: of both answers; revealed: when its voter first saw which side was which,
    which taking the vote back does not undo"""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.OneToOneField(Message, models.CASCADE, related_name="battle")
    a = models.ForeignKey(Message, models.CASCADE, related_name="+")
    b = models.ForeignKey(Message, models.CASCADE, related_name="+")
    adapted_side = models.CharField(max_length=1, choices=[("a", "a"), ("b", "b")])
    kind = models.CharField(max_length=2, choices=[("ab", "ab"), ("aa", "aa")], default="ab")
    blind = models.BooleanField(default=False)
    seed = models.BigIntegerField(default=0)
    revealed = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return str(self.id)


class Vote(models.Model):
    battle = models.OneToOneField(Battle, models.CASCADE, related_name="vote")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    choice = models.CharField(max_length=4, choices=[(c, c) for c in ("a", "b", "tie", "bad")])
    reasons = models.JSONField(default=list, blank=True)
    dwell_ms = models.PositiveIntegerField(null=True, blank=True)
    language = models.CharField(max_length=16, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.battle_id}: {self.choice}"
