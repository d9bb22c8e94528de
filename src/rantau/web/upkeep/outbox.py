"""The outbox: open rows that the broker does not know are brought to it; what it knows better is written down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import Error, transaction
from django.db.models import Q
from django.utils import timezone

from rantau.serving.queue import Admission, BrokerLost
from rantau.web.records.models import Generation, Message
from rantau.web.records.models.talks import OPEN
from rantau.web.site import current
from rantau.web.talks.admitting import admit, refuse
from rantau.web.talks.stopping import tell_stop
from rantau.web.upkeep.requeue import requeue

log = logging.getLogger(__name__)
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """admitted: brought to the broker; requeued: lost by it; failed: given up"""

    admitted: int = 0
    requeued: int = 0
    failed: int = 0


@dataclass
class Outbox:
    """admit_after_s  a process that committed a prompt has so long to admit it
    lost_after_s   a prompt that the broker had and does not know is lost after so long
    """

    admission: Admission
    admit_after_s: float = 5.0
    lost_after_s: float = 15.0
    clock: Callable[[], float] = time.monotonic
    _missing: dict[UUID, float] = field(default_factory=dict)

    def sweep(self) -> Swept:
        """Looks at every open row once. Raises   BrokerLost: nothing is known then, and nothing is lost"""
        rows = self._open()
        self._missing = {row.id: self._missing[row.id] for row in rows if row.id in self._missing}
        told = [self._settled(row) for row in rows]
        return Swept(told.count("admitted"), told.count("requeued"), told.count("failed"))

    def _open(self) -> list[Generation]:
        now, patience = timezone.now(), timedelta(seconds=self.admit_after_s)
        old = Q(queued__lte=now - patience) | Q(queued__gt=now + patience)  # the clock may have been set back
        rows = Generation.objects.filter(old, state__in=OPEN).order_by("queued")
        return list(rows.select_related("message__talk", "message__parent")[:AT_ONCE])

    def _settled(self, row: Generation) -> str:
        try:
            return self._settle(row)
        except (BrokerLost, Error):
            raise
        except Exception:  # one that cannot be asked, such as a row of another version, holds nobody else up
            log.exception("a prompt cannot be asked", extra={"generation": str(row.id)})
            refuse([row], "unreadable")
            return "failed"

    def _settle(self, row: Generation) -> str:
        state = self.admission.state(str(row.id))
        if state is not None:
            self._missing.pop(row.id, None)
            return self._follow(row, state)
        if row.admitted is None:
            return self._bring(row)
        since = self._missing.setdefault(row.id, self.clock())
        if self.clock() - since < self.lost_after_s:
            return "waits"
        del self._missing[row.id]
        return "requeued" if requeue(row) else "failed"

    def _follow(self, row: Generation, state: str) -> str:
        """Writes down what the broker knows of it, and says a stop that it has not heard."""
        if row.admitted is None:
            Generation.objects.filter(id=row.id).update(admitted=timezone.now())
        if row.state == "stopping" and state in ("queued", "running"):
            self.admission.cancel(str(row.id), str(row.owner_id))
        if row.state == "queued" and state == "running":
            with transaction.atomic():
                Generation.objects.filter(id=row.id, state="queued").update(state="running")
                Message.objects.filter(id=row.message_id, state="queued").update(state="running")
        return "known"

    def _bring(self, row: Generation) -> str:
        """Admits it under its own name: no reader can have seen anything of it."""
        if current().model(row.message.model) is None:
            refuse([row], "model_gone")
            return "failed"
        if row.state == "stopping":
            tell_stop(row)
            return "stopped"
        return "admitted" if admit(row, self.admission) == "admitted" else "full"
