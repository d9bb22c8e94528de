"""Answers that begin together and are made together, a token of each a step, by CTranslate2.

Its batches are closed: nobody joins one, and its answers share their way of drawing. So each runs on a thread of
its own and lets others compute between two steps, in the callback. A newcomer waits for one step of one batch.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from rantau.serving.engines.turns import Turns
from rantau.serving.protocol import Reason, Wish

log = logging.getLogger(__name__)
SPREAD_TOKENS = 16
"""Most that prompts of one batch may differ in length. Only the shortest is read in one pass, and the others go on
token by token, at a step each; apart they are read in one pass each."""

Told = Callable[[str, "int | Reason"], None]


@dataclass(frozen=True, slots=True)
class Manner:
    """How the answers of one batch are drawn."""

    sampling_topk: int
    sampling_topp: float
    sampling_temperature: float

    @classmethod
    def of(cls, wish: Wish) -> Manner:
        if wish.temperature == 0:
            return cls(1, 1.0, 1.0)
        return cls(wish.top_k or 0, wish.top_p, wish.temperature)


@dataclass(slots=True)
class Row:
    """tokens: all that the answer goes on from, in the converted model's words; n_left: tokens that may follow;
    alone: in a batch without others; over: nothing more of it is told"""

    name: str
    tokens: list[str]
    n_left: int
    alone: bool = False
    over: bool = False


class Cohort:
    """tell: gets a row's name and its next token, or the reason why it is over; called from other threads."""

    def __init__(self, manner: Manner, first: Row, turns: Turns, stops: Collection[int], tell: Told) -> None:
        self.manner, self.rows = manner, [first]
        self._turns, self._stops, self._tell = turns, stops, tell
        self._lock, self._closed = threading.Lock(), False
        self._begins: dict[int, int] = {}
        self._step, self._pending = -1, 0

    def takes(self, manner: Manner, row: Row) -> bool:
        """Takes a row in if it has not begun and the row is like its others."""
        with self._lock:
            lengths = [len(r.tokens) for r in (*self.rows, row)]
            fits = manner == self.manner and max(lengths) - min(lengths) <= SPREAD_TOKENS
            if fits and not (self._closed or row.alone or self.rows[0].alone):
                self.rows.append(row)
                return True
            return False

    def run(self, generate: Callable[..., Any]) -> None:
        """Until all its rows are over. generate: Generator.generate_batch"""
        self._turns.take(first=True)
        try:
            with self._lock:
                self._closed = True
            self._make(generate)
        except Exception:  # of the library, such as a memory that is full, or of a row that it cannot read
            log.exception("a batch of CTranslate2 has failed")
            for row in self.rows:
                self._end(row, "error")
        finally:
            self._turns.give()

    def _make(self, generate: Callable[..., Any]) -> None:
        self.rows = [row for row in self.rows if not row.over]
        if not self.rows:
            return
        shortest = min(len(row.tokens) for row in self.rows)
        self._begins = {n: len(row.tokens) - shortest for n, row in enumerate(self.rows)}
        generate(
            [row.tokens for row in self.rows], max_length=max(row.n_left for row in self.rows),
            end_token=sorted(self._stops), include_prompt_in_result=False, callback=self._hear,
            sampling_topk=self.manner.sampling_topk, sampling_topp=self.manner.sampling_topp,
            sampling_temperature=self.manner.sampling_temperature,
        )  # fmt: skip

    def _hear(self, found: Any) -> bool:
        """One token of one row; True ends the row. The last one of a step lets others compute."""
        if found.step != self._step:
            self._step = found.step
            self._pending = sum(begins <= self._step for begins in self._begins.values())
        row = self.rows[found.batch_id]
        if not row.over:
            self._take(row, int(found.token_id))
        if row.over:
            del self._begins[found.batch_id]
        self._pending -= 1
        if not self._pending and self._begins:
            self._turns.pass_on()
        return bool(row.over)

    def _take(self, row: Row, token: int) -> None:
        if token in self._stops:
            self._end(row, "eos")
            return
        row.n_left -= 1
        self._tell(row.name, token)
        if row.n_left == 0:
            self._end(row, "length")

    def _end(self, row: Row, reason: Reason) -> None:
        if not row.over:
            row.over = True
            self._tell(row.name, reason)
