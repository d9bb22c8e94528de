"""Shapes: rows as JSON. While a blind battle has no vote, nothing tells which model is which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch

from rantau.web.records.models import Battle, Feedback, Generation, Message, Talk

SECRET = {
    "model": "",
    "digest": "",
    "prompt_tokens": None,
    "completion_tokens": None,
    "first_ms": None,
    "wall_ms": None,
    "left_out": 0,
}


def talk_json(talk: Talk) -> dict[str, Any]:
    return {
        "id": str(talk.id),
        "title": talk.title,
        "mode": talk.mode,
        "system_prompt": talk.system_prompt,
        "wish": talk.wish,
        "model": talk.model,
        "created": talk.created.isoformat(),
        "updated": talk.updated.isoformat(),
        "deleted": talk.deleted.isoformat() if talk.deleted else None,
    }


def messages_json(messages: Any, viewer: Any) -> list[dict[str, Any]]:
    """messages: a query set; it is read with four queries, however many there are"""
    found = messages.defer("tokens").select_related("battle__vote", "parent__battle__vote")
    opinions = Prefetch("feedback", Feedback.objects.filter(user=viewer), to_attr="opinions")
    ways = Prefetch("generations", Generation.objects.order_by("requeues"), to_attr="ways")
    return [message_json(message, viewer) for message in found.prefetch_related(opinions, ways)]


def message_json(message: Message, viewer: Any) -> dict[str, Any]:
    shape = {
        "id": str(message.id),
        "parent": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "text": message.text,
        "beginning": message.beginning,
        "side": message.side,
        "model": message.model,
        "digest": message.digest,
        "state": message.state,
        "reason": message.reason,
        "code": message.code,
        "generation": _generation(message),
        "prompt_tokens": message.prompt_tokens,
        "completion_tokens": message.completion_tokens,
        "first_ms": message.first_ms,
        "wall_ms": message.wall_ms,
        "left_out": message.left_out,
        "feedback": _feedback(message, viewer),
        "created": message.created.isoformat(),
        "battle": battle_json(battle) if (battle := _battle(message)) else None,
    }
    return shape | SECRET if is_secret(message) else shape


def is_secret(message: Message) -> bool:
    """Whether its model must not be told yet."""
    battle = _battle(message.parent) if message.role == "assistant" and message.parent else None
    return battle is not None and battle.blind and _vote(battle) is None


def battle_json(battle: Battle) -> dict[str, Any]:
    vote = _vote(battle)
    known = vote is not None or not battle.blind
    told = None if vote is None else {"choice": vote.choice, "reasons": vote.reasons}
    return {
        "id": str(battle.id),
        "blind": battle.blind,
        "a": str(battle.a_id),
        "b": str(battle.b_id),
        "vote": told,
        "adapted_side": battle.adapted_side if known and battle.kind == "ab" else None,
    }


def _battle(message: Message) -> Battle | None:
    return getattr(message, "battle", None) if message.role == "user" else None


def _vote(battle: Battle) -> Any:
    return getattr(battle, "vote", None)


def _generation(message: Message) -> str | None:
    if message.role != "assistant":
        return None
    ways: Iterable[Generation] = getattr(message, "ways", None) or message.generations.order_by("requeues")
    last = list(ways)[-1:]
    return str(last[0].id) if last else None


def _feedback(message: Message, viewer: Any) -> dict[str, Any] | None:
    if message.role != "assistant":
        return None
    found = getattr(message, "opinions", None)
    opinion = next(iter(message.feedback.filter(user=viewer) if found is None else found), None)
    return opinion and {"value": opinion.value, "reasons": opinion.reasons, "comment": opinion.comment}
