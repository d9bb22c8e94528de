"""What people do with an answer or a talk: they like it, and they show it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from rantau.web.records.models.talks import Message, Talk


class Feedback(models.Model):
    message = models.ForeignKey(Message, models.CASCADE, related_name="feedback")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    value = models.SmallIntegerField(choices=[(1, "good"), (-1, "bad")])
    reasons = models.JSONField(default=list, blank=True)
    comment = models.TextField(blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="one_opinion")]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.value}"


class Share(models.Model):
    """A talk as it was, for whoever has the link. digest: sha256 of the link's token, which is not kept"""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    talk = models.ForeignKey(Talk, models.CASCADE, related_name="shares")
    digest = models.CharField(max_length=64, unique=True)
    snapshot = models.JSONField(default=dict)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.id)
