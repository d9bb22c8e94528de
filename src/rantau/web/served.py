"""The models as they are now: a worker takes up what was trained anew while the site's file tells of the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rantau.web.site import Served, Site


def served_now(site: Site, workers: Sequence[Mapping[str, str]]) -> tuple[Served, ...]:
    """The site's models, each with the digest that its workers tell; where they differ, one that is new.

    workers: as broker.workers tells of them
    """
    told = digests_now(workers)
    return tuple(
        replace(m, digest=found[-1]) if (found := _new_last(told.get(m.name, ()), m.digest)) else m
        for m in site.models
    )


def _new_last(digests: tuple[str, ...], old: str) -> list[str]:
    return sorted(digests, key=lambda digest: (digest != old, digest))


def digests_now(workers: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """Name of a model -> digests under which it answers now; without those of which no worker tells."""
    told: dict[str, set[str]] = {}
    for said in workers:
        for name, digest in _pairs(said):
            told.setdefault(name, set()).add(digest)
    return {name: tuple(sorted(digests)) for name, digests in told.items()}


def _pairs(said: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = zip(said.get("models", "").split(","), said.get("digests", "").split(","), strict=False)
    return [(name, digest) for name, digest in pairs if name and digest]
