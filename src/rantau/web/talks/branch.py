"""The branch of a talk that is shown: of questions and answers in one place, the newest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from rantau.web.records.models import Message
from rantau.web.records.models.talks import OPEN


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answers, in the order of their sides."""

    question: Message
    answers: tuple[Message, ...]


def newest_branch(messages: Iterable[Message]) -> list[Exchange]:
    """From the first question on, as pages show it before anybody turns to another branch.

    An answer that is still being written is left out
    """
    of_parent: dict[UUID | None, list[Message]] = {}
    for message in sorted(messages, key=lambda m: (m.created, str(m.id))):
        of_parent.setdefault(message.parent_id, []).append(message)
    found: list[Exchange] = []
    places: list[UUID | None] = [None]
    while questions := [m for place in places for m in of_parent.get(place, ()) if m.role == "user"]:
        question = max(questions, key=lambda m: (m.created, str(m.id)))
        answers = _answers(of_parent.get(question.id, ()))
        found.append(Exchange(question, answers))
        places = [question.id, *(answer.id for answer in answers)]
    return found


def _answers(children: Iterable[Message]) -> tuple[Message, ...]:
    newest = {m.side: m for m in children if m.role == "assistant" and m.state not in OPEN}
    return tuple(newest[side] for side in sorted(newest))
