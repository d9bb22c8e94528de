"""Figures for those who watch: of the queue, of what the database keeps, and of this process."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.db.models import Count, Sum
from django.utils import timezone

from rantau.errors import ServingError
from rantau.serving.queue import load
from rantau.web.health.counts import counted
from rantau.web.health.states import quick_client, workers_of
from rantau.web.health.text import Family
from rantau.web.records.models import Generation, Message
from rantau.web.site import current

STARTED = time.time()
LATELY, MOST_LATELY = timedelta(minutes=15), 2000
COUNTERS = {
    "sockets": "Sockets that were opened.",
    "resumed": "Readers that went on from a cursor.",
    "holes": "Logs that had lost entries.",
    "unknown_cursor": "Readers whose cursor was beyond the log.",
    "gone": "Readers that were told the end from the database.",
    "unreadable": "Entries that only another version can read.",
    "text_mismatch": "Answers of which a page had another text than the server; it must be 0.",
    "broker_lost": "Questions that the broker did not answer.",
}


def figures() -> Iterator[Family]:
    yield from of_queue()
    yield from of_database()
    yield from of_process()


def of_queue() -> Iterator[Family]:
    pool = current().pool
    try:
        now, workers = load(quick_client(), pool), workers_of(quick_client())
    except ServingError:
        yield Family("broker_up", "gauge", "Whether the broker answers.", [({}, 0)])
        return
    yield Family("broker_up", "gauge", "Whether the broker answers.", [({}, 1)])
    yield Family("queue_waiting", "gauge", "Prompts that no worker has taken.", [({"pool": pool}, now.waiting)])
    yield Family("queue_running", "gauge", "Prompts that a worker has.", [({"pool": pool}, now.running)])
    yield Family("queue_oldest_seconds", "gauge", "How long the first prompt has waited.",
                 [({"pool": pool}, now.oldest_s)])  # fmt: skip
    yield Family("finals_waiting", "gauge", "Ended answers that are not kept yet.", [({}, now.not_kept)])
    yield Family("broker_memory_bytes", "gauge", "Memory of the broker.", [({}, now.memory_bytes)])
    states = Counter(w.get("state", "") for w in workers.values())
    yield Family("workers", "gauge", "Living workers.", [({"state": s}, n) for s, n in sorted(states.items())])
    slots = sum(int(w.get("slots", 0)) for w in workers.values())
    yield Family("slots", "gauge", "Answers that all workers can make at once.", [({}, slots)])


def of_database() -> Iterator[Family]:
    states = (
        Message.objects.filter(role="assistant").values_list("state").annotate(n=Count("id")).order_by("state")
    )
    yield Family("answers", "gauge", "Answers that are kept, by state.", [({"state": s}, n) for s, n in states])
    retried = Generation.objects.filter(attempt__gt=1).count()
    yield Family("answers_retried", "gauge", "Answers that more than one worker wrote.", [({}, retried)])
    requeued = Generation.objects.filter(requeues__gt=0).count()
    yield Family("answers_requeued", "gauge", "Answers that the broker had lost.", [({}, requeued)])
    sums = Message.objects.aggregate(prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens"))
    yield Family("tokens", "gauge", "Tokens of all answers that are kept.",
                 [({"kind": kind}, n or 0) for kind, n in sums.items()])  # fmt: skip
    yield first_pieces()


def first_pieces() -> Family:
    lately = Message.objects.filter(created__gt=timezone.now() - LATELY, first_ms__isnull=False)
    waits = list(lately.order_by("-created").values_list("first_ms", flat=True)[:MOST_LATELY])
    cuts = statistics.quantiles(waits, n=100, method="inclusive") if len(waits) > 1 else waits * 99
    rows = [({"quantile": str(q)}, cuts[round(100 * q) - 1] / 1000) for q in (0.5, 0.95, 0.99)] if waits else []
    return Family("first_token_seconds", "gauge", "From acceptance to the first piece, last 15 minutes.", rows)


def of_process() -> Iterator[Family]:
    from rantau.web.delivery.socket import places

    for name, about in COUNTERS.items():
        yield Family(f"{name}_total", "counter", about, [({}, counted[name, ""])])
    causes = sorted((cause, n) for (name, cause), n in counted.items() if name == "rejected")
    yield Family("rejected_total", "counter", "What was refused.", [({"cause": c}, n) for c, n in causes])
    yield Family("readers", "gauge", "Open sockets and event streams.", [({}, places.all)])
    yield Family("process_start_seconds", "gauge", "When this process began.", [({}, STARTED)])
    yield Family("process_resident_bytes", "gauge", "Memory of this process.", [({}, resident_bytes())])


def resident_bytes() -> int:
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
