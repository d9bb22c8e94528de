"""An answer in the making: what has been heard, what may be said of it, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

from rantau.serving.protocol import EntryId, Reason, Tokens
from rantau.serving.queue import Held


@dataclass(slots=True)
class Answer:
    """held: its job; at: id of the next entry; n_tokens: made so far, by all attempts; prompt_tokens: see End.

    Text that may be the beginning of a stop text waits until it is told from one; its tokens do not wait.
    """

    held: Held
    at: EntryId
    n_tokens: int = 0
    prompt_tokens: int | None = None
    over: Reason | None = None
    _text: str = ""
    _ids: list[int] = field(default_factory=list)

    def resume(self, text: str, said: str) -> None:
        """text: what the tokens of earlier attempts amount to; said: how much of it is in the log"""
        self._add(text[len(said) :])

    def hear(self, piece: Tokens) -> None:
        """Tokens beyond the end are left out."""
        if self.over:
            return
        left = self.held.job.wish.max_tokens - self.n_tokens
        self._ids += piece.ids[:left]
        self.n_tokens += len(piece.ids[:left])
        self._add(piece.text)
        if self.over is None and self.n_tokens >= self.held.job.wish.max_tokens:
            self.over = "length"

    def end(self, reason: Reason) -> None:
        self.over = self.over or reason

    def _add(self, text: str) -> None:
        self._text += text
        found = [place for stop in self.held.job.wish.stop if stop and (place := self._text.find(stop)) >= 0]
        if found:
            self._text, self.over = self._text[: min(found)], "stop"

    def take(self) -> Tokens | None:
        """What may be written now, once; None if there is nothing."""
        kept = 0 if self.over else self._may_become_stop()
        text, self._text = self._text[: len(self._text) - kept], self._text[len(self._text) - kept :]
        ids, self._ids = tuple(self._ids), []
        return Tokens(text, ids) if text or ids else None

    def _may_become_stop(self) -> int:
        """Characters at the end of the text with which a stop text may begin."""
        return max(
            (
                n
                for stop in self.held.job.wish.stop
                for n in range(1, min(len(stop), len(self._text) + 1))
                if self._text.endswith(stop[:n])
            ),
            default=0,
        )

    def next_id(self) -> EntryId:
        """The id of the next entry, each once."""
        at, self.at = self.at, EntryId(self.at.attempt, self.at.seq + 1)
        return at
