"""A talk, its messages and the generations that write them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

OPEN = ("queued", "running", "stopping")
ENDED = ("done", "stopped", "failed")
MODES = ("single", "compare", "blind")
ORIGINS = ("page", "api")


def _choices(*values: str) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


class Talk(models.Model):
    """mode: one model answers; base and adapted side by side; or nobody knows which is which until a vote.

    origin: a page, or a program with a key, whose talks no page lists
    model: the name that answers in single mode; wish: fields of protocol.Wish that differ from the site's
    bytes: of all that is kept of it, as records.sizes measured them
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="talks")
    title = models.CharField(max_length=200, blank=True)
    mode = models.CharField(max_length=8, choices=_choices(*MODES), default="single")
    origin = models.CharField(max_length=4, choices=_choices(*ORIGINS), default="page")
    system_prompt = models.TextField(blank=True)
    wish = models.JSONField(default=dict, blank=True)
    model = models.CharField(max_length=100, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    updated = models.DateTimeField(default=timezone.now)
    deleted = models.DateTimeField(null=True, blank=True)
    bytes = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "deleted", "-updated"], name="talk_list"),
            models.Index(fields=["owner", "bytes"], name="talk_size"),  # a person's sum is read from it alone
        ]

    def __str__(self) -> str:
        return str(self.id)


class Message(models.Model):
    """A turn. Nothing is written over: an edit and another answer are siblings under one parent.

    beginning      text of the answer that this one continues; `text` includes it
    side           "a" or "b" where two models answer
    digest         of the weights that answered
    tokens         of `text`, as the model made them
    client_id      the page's name for what it asked, so that asking twice is asking once
    wish           how the answer was asked for, all fields of protocol.Wish
    left_out       old turns that the model could not take beside the others
    reason, code   why it ended, as in protocol.End
    first_ms       until its first piece; wall_ms: until its end; both from when it was accepted
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    talk = models.ForeignKey(Talk, models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    role = models.CharField(max_length=9, choices=_choices("user", "assistant"))
    text = models.TextField(blank=True)
    beginning = models.TextField(blank=True)
    side = models.CharField(max_length=1, blank=True, choices=_choices("a", "b"))
    model = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=100, blank=True)
    tokens = models.JSONField(default=list, blank=True)
    wish = models.JSONField(default=dict, blank=True)
    left_out = models.PositiveIntegerField(default=0)
    client_id = models.CharField(max_length=64, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=_choices("complete", *OPEN, *ENDED), default="complete")
    reason = models.CharField(max_length=16, blank=True)
    code = models.CharField(max_length=32, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    first_ms = models.PositiveIntegerField(null=True, blank=True)
    wall_ms = models.PositiveIntegerField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created", "id"]
        indexes = [models.Index(fields=["talk", "created"], name="message_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["author", "client_id"], condition=~models.Q(client_id=""), name="asked_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Generation(models.Model):
    """One way of a message through the broker; its id is the name of its log.

    state     open until the finalizer has kept its text; a stop that the broker has not heard yet is "stopping"
    admitted  when the broker was seen to have it; while this is empty it may be admitted under the same name
    attempt   the worker's try that ended it
    requeues  generations of its message before it: the broker lost them, or somebody revived what had failed
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="generations")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=_choices(*OPEN, *ENDED), default="queued")
    code = models.CharField(max_length=32, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    requeues = models.PositiveIntegerField(default=0)
    queued = models.DateTimeField(default=timezone.now)
    admitted = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["queued"]
        indexes = [
            models.Index(fields=["queued"], name="generation_open", condition=models.Q(state__in=OPEN)),
            models.Index(fields=["owner", "queued"], name="generation_rate"),
        ]

    def __str__(self) -> str:
        return str(self.id)
