"""What is read and learnt: documents with their licence and origin, dialogues, samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns in order; an optional system message comes first."""

    messages: tuple[Message, ...]

    @property
    def prompt(self) -> tuple[Message, ...]:
        """Everything before the last assistant turn: what a model is asked."""
        last = max(i for i, m in enumerate(self.messages) if m.role == "assistant")
        return self.messages[:last]

    @property
    def answer(self) -> str:
        """The last assistant turn: what the reference says."""
        return next(m.content for m in reversed(self.messages) if m.role == "assistant")


@dataclass(frozen=True, slots=True)
class Document:
    """One row of a source: running text, a dialogue (then `text` is ""), or a preference: a dialogue whose answer
    was chosen over `rejected`.

    id        "<source>:<row>", unique in a run
    origin    source string of the recipe and file inside it
    row       row, line or record number in that file, from 1
    group     rows that must stay on the same side of a split share it
    language  ISO 639-3
    license   SPDX id, or the words of the source
    fields    further columns of the row (subset_name, template_name, ...)
    """

    id: str
    source: str
    origin: str
    row: int
    group: str
    language: str
    license: str
    text: str = ""
    dialogue: Dialogue | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    rejected: str | None = None

    @property
    def content(self) -> str:
        """All text that a reader sees: the text, or the turns joined by newlines."""
        return "\n".join(m.content for m in self.dialogue.messages) if self.dialogue else self.text

    @property
    def whole(self) -> str:
        """The content, and after it the rejected answer if there is one: what two equal rows share."""
        return self.content if self.rejected is None else f"{self.content}\n{self.rejected}"

    def rewritten(self, change: Callable[[str], str]) -> Document:
        """The document with every text of it changed (running text, turns, rejected answer); itself if none is."""
        turns = tuple(Message(m.role, change(m.content)) for m in self.dialogue.messages) if self.dialogue else ()
        changed = replace(
            self,
            text=change(self.text) if self.text else "",
            dialogue=Dialogue(turns) if turns else None,
            rejected=None if self.rejected is None else change(self.rejected),
        )
        return self if changed == self else changed

    def to_row(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "source": self.source,
            "origin": self.origin,
            "row": self.row,
            "group": self.group,
            "language": self.language,
            "license": self.license,
            "text": self.text,
            "messages": [{"role": m.role, "content": m.content} for m in self.dialogue.messages]
            if self.dialogue
            else [],
            "rejected": self.rejected,
            "fields": [{"name": k, "value": v} for k, v in sorted(self.fields.items())],
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Document:
        messages = tuple(Message(m["role"], m["content"]) for m in row["messages"])
        plain = {k: row[k] for k in ("id", "source", "origin", "row", "group", "language", "license", "text")}
        fields = {f["name"]: f["value"] for f in row["fields"]}
        dialogue = Dialogue(messages) if messages else None
        return cls(**plain, dialogue=dialogue, fields=fields, rejected=row["rejected"])


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that was left out, and why. Rows in = rows kept + rows dropped."""

    id: str
    source: str
    origin: str
    row: int
    reason: str
    excerpt: str

    @classmethod
    def of(cls, document: Document, reason: str) -> Dropped:
        return cls(document.id, document.source, document.origin, document.row, reason, document.content[:200])


@dataclass(frozen=True, slots=True)
class Sample:
    """Token ids of one training row and which of them are learnt.

    ids     token ids
    learnt  same length; True where the token is a target of the loss
    """

    id: str
    source: str
    ids: tuple[int, ...]
    learnt: tuple[bool, ...]
