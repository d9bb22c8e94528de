"""The tree of a talk: which turns a message follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q

from rantau.web.records.models import Message

Turn = dict[str, str]


def path_to(message: Message, side: str = "") -> list[Turn]:
    """Turns for Job.messages, from the first one to `message`, which a person wrote; without the system prompt.

    side  of the answers where two models answer: each sees its own, the latest where there are several
    """
    if message.parent_id is None:
        return [_turn(message)]
    ids = _ancestors(message)
    of_path = Q(id__in=ids) | Q(parent_id__in=ids, role="assistant", side=side) if side else Q(id__in=ids)
    columns = ("id", "parent_id", "role", "text", "side", "created")
    return merged(turns(message, list(Message.objects.filter(of_path).only(*columns)), side))


def _ancestors(message: Message) -> list[UUID]:
    """Found by ids alone: a long talk has much text that is on other branches."""
    parents = dict(Message.objects.filter(talk_id=message.talk_id).order_by().values_list("id", "parent_id"))
    ids, at = [], message.parent_id
    while at is not None:
        ids.append(at)
        at = parents.get(at)
    return ids


def turns(message: Message, messages: Iterable[Message], side: str) -> list[Turn]:
    """The turns to `message`, of messages that hold its path and, with a side, the answers to it."""
    by_id = {m.id: m for m in messages}
    answers = _latest_answers(by_id.values(), side) if side else {}
    found: list[Turn] = [_turn(message)]
    at = by_id.get(message.parent_id)
    while at is not None:
        if (answer := answers.get(at.id)) is not None:
            found.append(_turn(answer))
        found.append(_turn(at))
        at = by_id.get(at.parent_id)
    return found[::-1]


def _latest_answers(messages: Iterable[Message], side: str) -> dict[UUID, Message]:
    """The newest answer with text of one side to each question."""
    answers = [m for m in messages if m.role == "assistant" and m.side == side and m.text]
    return {m.parent_id: m for m in sorted(answers, key=lambda m: (m.created, str(m.id)))}


def _turn(message: Message) -> Turn:
    return {"role": message.role, "content": message.text}


def merged(found: Sequence[Turn]) -> list[Turn]:
    """Roles take turns, as templates want it: an answer without text or question goes, questions join."""
    kept: list[Turn] = []
    for turn in found:
        if turn["role"] == "assistant" and not (kept and turn["content"].strip()):
            continue
        if kept and kept[-1]["role"] == turn["role"]:
            kept[-1] = {**turn, "content": f"{kept[-1]['content']}\n\n{turn['content']}"}
        else:
            kept.append(turn)
    return kept


def within(found: Sequence[Turn], *, max_chars: int) -> tuple[list[Turn], int]:
    """The newest turns that fit, beginning with a question; the last one always stays.

    Returns  turns, and how many old ones were left out
    """
    at, chars = len(found) - 1, len(found[-1]["content"])
    for place in range(len(found) - 3, -1, -2):
        chars += sum(len(turn["content"]) for turn in found[place : place + 2])
        if chars > max_chars:
            break
        at = place
    return list(found[at:]), at
