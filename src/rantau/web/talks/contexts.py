"""Contexts: what answers were asked with, for many answers at once; each talk is read once."""

from __future__ import annotations

from uuid import UUID

from rantau.web.records.models import Message
from rantau.web.talks.tree import Turn, merged, turns


class Contexts:
    """Holds the messages of one talk: ask for the answers of a talk one after the other."""

    def __init__(self) -> None:
        self._talk: UUID | None = None
        self._messages: list[Message] = []

    def prompt(self, answer: Message) -> list[Turn]:
        """The turns that the answer followed, with the talk's system prompt, without those that were left out.

        What was written after it has no part in it. The system prompt is the talk's, which may have changed since
        """
        if answer.parent is None:
            return []
        before = [m for m in self._of(answer) if m.created <= answer.created and m.id != answer.id]
        found = merged(turns(answer.parent, before, answer.side))[answer.left_out :]
        system = answer.talk.system_prompt
        return [{"role": "system", "content": system}, *found] if system else found

    def whole(self, answer: Message) -> list[Turn]:
        return [*self.prompt(answer), said(answer)]

    def _of(self, answer: Message) -> list[Message]:
        if self._talk != answer.talk_id:
            self._talk = answer.talk_id
            self._messages = list(answer.talk.messages.defer("tokens"))
        return self._messages


def said(answer: Message) -> Turn:
    return {"role": "assistant", "content": answer.text}
