"""What belongs to a person beside the account: keys for programs, and how pages look."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class ApiKey(models.Model):
    """prefix: its first characters, shown in lists; digest: sha256 of all of it; scopes: what it may do"""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list, blank=True)
    per_minute = models.PositiveIntegerField(default=60)
    created = models.DateTimeField(default=timezone.now, editable=False)
    used = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class Preference(models.Model):
    """Empty = as the site and the device say."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="preference")
    interface = models.CharField(max_length=8, blank=True)
    theme = models.CharField(max_length=8, blank=True)

    def __str__(self) -> str:
        return str(self.user_id)
