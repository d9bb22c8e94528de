"""Sides: which model answers a prompt, and where it stands when two do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from rantau.web.records.models import Message, Talk
from rantau.web.site import Served, Site
from rantau.web.talks.rejected import Rejected

SAME_SHARE = 10
"""One blind battle in so many is the base model against itself: who favours a side is seen there."""


@dataclass(frozen=True, slots=True)
class Sides:
    """kind aa: the base model on both sides; then adapted_side says nothing"""

    a: Served
    b: Served
    adapted_side: Literal["a", "b"]
    kind: Literal["ab", "aa"]
    blind: bool
    seed: int


def draw_sides(site: Site, mode: str) -> Sides:
    """Compare: base left, adapted right. Blind: drawn in secret, and kept before anybody sees an answer.

    Raises   Rejected no_pair where the site has one model only
    """
    adapted = next((m for m in site.models if m.kind == "adapted"), None)
    base = next((m for m in site.models if m.kind == "base"), None)
    if adapted is None or base is None:
        raise Rejected("no_pair", "Two models are needed to compare. Start with: rantau serve RUN --base.", 409)
    seed = secrets.randbelow(2**31)
    if mode == "compare":
        return Sides(base, adapted, "b", "ab", False, seed)
    if secrets.randbelow(SAME_SHARE) == 0:
        return Sides(base, base, secrets.choice(("a", "b")), "aa", True, seed)
    return (
        Sides(adapted, base, "a", "ab", True, seed)
        if secrets.randbelow(2)
        else Sides(base, adapted, "b", "ab", True, seed)
    )


def model_of(site: Site, talk: Talk, name: str | None) -> Served:
    """The model that answers in single mode: the one asked for, the talk's, or the site's first.

    Raises   Rejected no_model for a name that was asked for, model_gone for the talk's own
    """
    wanted = name or talk.model or (site.models[0].name if site.models else "")
    found = site.model(wanted)
    if found is None:
        raise no_model(site, wanted) if name or not wanted else model_gone(site, wanted)
    return found


def still_served(site: Site, answer: Message) -> Served:
    """The model that gave an answer; of an answer that was imported, whose model nobody knows, its talk's.

    Raises   Rejected model_gone
    """
    if not answer.model:
        return model_of(site, answer.talk, None)
    found = site.model(answer.model)
    if found is None:
        raise model_gone(site, answer.model)
    return found


def no_model(site: Site, name: str) -> Rejected:
    return Rejected("no_model", f"{name or 'no name'}: no model of this chat. There are: {_names(site)}.")


def model_gone(site: Site, name: str) -> Rejected:
    """Of a model that has answered here: its talk goes on with another one, which a person chooses."""
    return Rejected(
        "model_gone", f"{name} is not served here any more. Choose another model: {_names(site)}.", 409
    )


def _names(site: Site) -> str:
    return ", ".join(m.name for m in site.models) or "none"
