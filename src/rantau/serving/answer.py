"""An answer in the making: what has been heard, what may be said of it, and when it is over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rantau.serving.protocol import End, Entry, EntryId, Final, Reason, Tokens
from rantau.serving.queue import Held


@dataclass(slots=True)
class Answer:
    """held: its job; at: id of the next entry; n_tokens: made so far, by all attempts; prompt_tokens, digest,
    dropped: see End; written: the pieces of this attempt, should the broker lose them.

    Text that may be the beginning of a stop text waits until it is told from one; its tokens do not wait.
    """

    held: Held
    at: EntryId
    n_tokens: int = 0
    prompt_tokens: int | None = None
    digest: str = ""
    dropped: int = 0
    over: Reason | None = None
    code: str = ""
    written: list[tuple[Held, EntryId, Entry]] = field(default_factory=list)
    _text: str = ""
    _since: float | None = None
    _ids: list[int] = field(default_factory=list)
    _n_unnamed: int = 0

    def __post_init__(self) -> None:
        if self.held.spoken_ms is not None:
            self._since = time.monotonic() - self.held.spoken_ms / 1000

    def resume(self, text: str, said: str) -> None:
        """text: what the tokens of earlier attempts amount to; said: how much of it is in the log"""
        self._add(text[len(said) :])

    def hear(self, piece: Tokens) -> None:
        """Tokens beyond the end are left out."""
        if self.over:
            return
        if self._since is None and not self.n_tokens:
            self._since = time.monotonic()
        left = self.held.job.wish.max_tokens - self.n_tokens
        ids, n_tokens = piece.ids[:left], min(piece.n_tokens, left)
        self._ids += ids
        self._n_unnamed += n_tokens - len(ids)
        self.n_tokens += n_tokens
        self._add(piece.text)
        if self.over is None and self.n_tokens >= self.held.job.wish.max_tokens:
            self.over = "length"

    def end(self, reason: Reason, code: str = "") -> None:
        """code: of an error, for programs"""
        if self.over is None:
            self.over, self.code = reason, code

    def last(self, state: Final) -> End:
        """Its end, as the log tells it."""
        spoken_ms = None if self._since is None else int(1000 * (time.monotonic() - self._since))
        over = self.over or "error"
        return End(over, state, self.prompt_tokens, self.code, spoken_ms, self.digest, self.dropped)

    def _add(self, text: str) -> None:
        self._text += text.replace("\x00", "\ufffd")  # no database keeps it
        found = [place for stop in self.held.job.wish.stop if stop and (place := self._text.find(stop)) >= 0]
        if found:
            self._text, self.over = self._text[: min(found)], "stop"

    def take(self) -> Tokens | None:
        """What may be written now, once; None if there is nothing."""
        kept = 0 if self.over else self._may_become_stop()
        text, self._text = self._text[: len(self._text) - kept], self._text[len(self._text) - kept :]
        piece = Tokens(text, tuple(self._ids), self._n_unnamed)
        self._ids, self._n_unnamed = [], 0
        return piece if piece.text or piece.n_tokens else None

    def next_piece(self) -> tuple[Held, EntryId, Entry] | None:
        """What may be written now, under its id."""
        if piece := self.take():
            self.written.append((self.held, self.next_id(), piece))
            return self.written[-1]
        return None

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
