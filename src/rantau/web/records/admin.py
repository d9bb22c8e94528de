"""The administration: people, keys, models, and answers that failed. What people write is not shown in it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from rantau.web import broker
from rantau.web.records.models import ApiKey, Generation, Talk
from rantau.web.records.revisions import Revision, revisions
from rantau.web.upkeep.revival import revive

admin.site.site_header = admin.site.site_title = "rantau"
admin.site.index_title = "Chat"


class Shown(admin.ModelAdmin):
    """Rows that can be looked at, not made or changed."""

    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False


@admin.register(ApiKey)
class KeyAdmin(Shown):
    """Keys by their beginning: neither the key nor its digest is shown."""

    list_display = ("prefix", "name", "owner", "per_minute", "created", "used", "revoked")
    list_filter = ("revoked",)
    fields = ("owner", "name", "prefix", "scopes", "per_minute", "created", "used", "revoked")
    search_fields = ("prefix", "name", "owner__username")
    list_select_related = ("owner",)
    actions = ("revoke",)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        n = keys.filter(revoked=None).update(revoked=timezone.now())
        self.message_user(request, f"{n} revoked.")


@admin.register(Talk)
class TalkAdmin(Shown):
    """Whose it is and when; neither its title nor anything that was said."""

    list_display = ("id", "owner", "mode", "origin", "created", "updated", "deleted")
    list_filter = ("mode", "origin")
    fields = list_display
    search_fields = ("=id", "owner__username")
    list_select_related = ("owner",)


@admin.register(Generation)
class DeadLetterAdmin(Shown):
    """Generations that failed, the latest first."""

    list_display = ("id", "owner", "model", "code", "attempt", "requeues", "queued", "ended")
    list_filter = ("code", "message__model")
    fields = (
        "id",
        "message_id",
        "owner",
        "model",
        "state",
        "code",
        "attempt",
        "requeues",
        "queued",
        "admitted",
        "ended",
    )
    readonly_fields = fields
    search_fields = ("=id", "owner__username", "code")
    list_select_related = ("owner", "message")
    ordering = ("-ended",)
    actions = ("queue_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        found: QuerySet[Generation] = super().get_queryset(request).filter(state="failed")
        return found.defer("message__text", "message__beginning", "message__tokens")

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    @admin.display(ordering="message__model")
    def model(self, dead: Generation) -> str:
        return str(dead.message.model)

    @admin.action(description="Queue again", permissions=["view"])
    def queue_again(self, request: HttpRequest, dead: QuerySet[Generation]) -> None:
        rows, admission = list(dead), broker.admission()
        n = sum(revive(row, admission) for row in rows)
        self.message_user(request, f"{n} queued again.")
        if n < len(rows):
            why = "ended otherwise, deleted, of a model that is gone, or the queue is full"
            self.message_user(request, f"{len(rows) - n} not: {why}.", messages.WARNING)


@admin.register(Revision)
class RevisionAdmin(Shown):
    """Weights that have answered, and those that answer now."""

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": "Models", "rows": revisions()}
        return TemplateResponse(request, "records/revisions.html", context)
