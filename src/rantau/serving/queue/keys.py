"""Names of keys. All share one hash tag, so that a script may touch several of them on a cluster too."""

from __future__ import annotations

PREFIX = "{rantau}"
WORKERS, FINALIZERS = "w", "fin"
"""Consumer groups of the jobs and of the ended generations."""


def jobs(pool: str) -> str:
    """Stream of accepted prompts of one pool of workers."""
    return f"{PREFIX}:jobs:{pool}"


def log(generation: str) -> str:
    """Stream of a generation's entries."""
    return f"{PREFIX}:out:{generation}"


def generation_of(log: str) -> str:
    """The generation whose log has this name."""
    return log.removeprefix(f"{PREFIX}:out:")


def facts(generation: str) -> str:
    """Hash: state, owner, job, attempt, worker, claim, queued_ms; first_ms: when its first piece was written."""
    return f"{PREFIX}:gen:{generation}"


def inflight(owner: str) -> str:
    """Sorted set of an owner's generations that have not ended, by deadline."""
    return f"{PREFIX}:inflight:{owner}"


def idempotency(owner: str, message: str) -> str:
    """The generation that a message of an owner was given."""
    return f"{PREFIX}:idem:{owner}:{message}"


def done() -> str:
    """Stream of ended generations that the database has not yet."""
    return f"{PREFIX}:done"


def worker(name: str) -> str:
    """Hash of what a worker says of itself."""
    return f"{PREFIX}:worker:{name}"


def workers() -> str:
    """Sorted set of the names of workers, by when what they said is no longer true (s, of the broker's clock)."""
    return f"{PREFIX}:workers"


def chat() -> str:
    """Hash: id of the chat that this broker is of, and the models that it asks for."""
    return f"{PREFIX}:chat"


def rate(name: str) -> str:
    """How often somebody did something in the current window."""
    return f"{PREFIX}:rate:{name}"
