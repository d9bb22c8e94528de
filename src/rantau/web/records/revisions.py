"""Revisions: which weights answer here, which have answered, and how that went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Q

from rantau.web import broker
from rantau.web.records.models import Message
from rantau.web.served import served_now
from rantau.web.site import current


class Revision(Message):
    """Messages by their weights, for the administration. It has no table of its own."""

    class Meta:
        proxy = True
        app_label = "records"
        verbose_name = "model"


@dataclass(frozen=True, slots=True)
class Standing:
    """One revision. served: whether it answers now; n_answers: that ended well; latest: when it was last asked"""

    name: str
    digest: str
    title: str
    kind: str
    served: bool
    n_answers: int = 0
    n_failed: int = 0
    latest: object = None


def revisions() -> Sequence[Standing]:
    """Those that answer now, then the others by age."""
    rows = Message.objects.filter(role="assistant").exclude(model="").order_by("model", "digest")
    counted = rows.values("model", "digest").annotate(
        n=Count("id", filter=Q(state__in=("done", "stopped"))),
        failed=Count("id", filter=Q(state="failed")),
        latest=Max("created"),
    )
    seen = {(row["model"], row["digest"]): row for row in counted}
    now = {(m.name, m.digest): m for m in served_now(current(), broker.workers())}
    names = [*now, *(name for name in sorted(seen) if name not in now)]
    return [_standing(name, seen.get(name), now.get(name)) for name in names]


def _standing(name: tuple[str, str], row: dict[str, object] | None, served: object) -> Standing:
    told = {} if row is None else {"n_answers": row["n"], "n_failed": row["failed"], "latest": row["latest"]}
    title, kind = getattr(served, "title", ""), getattr(served, "kind", "")
    return Standing(name[0], name[1], title, kind, served is not None, **told)  # type: ignore[arg-type]
