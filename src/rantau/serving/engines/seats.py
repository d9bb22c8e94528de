"""Places in llama.cpp's memory, one for each answer at once. What was read there before is not read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Seat:
    """number: of the sequence; tokens: that are in memory there; used: when it was last taken, by count"""

    number: int
    tokens: list[int] = field(default_factory=list)
    taken: bool = False
    used: int = 0


class Seats:
    def __init__(self, places: int) -> None:
        self._seats = [Seat(n) for n in range(places)]
        self._n_taken = 0

    def take(self, ids: Sequence[int]) -> tuple[Seat, int]:
        """The free seat that knows most of the beginning of `ids`, and how many tokens of it: never all, since the
        last one must be read for what follows it. Of equals the one that lay still longest."""
        free = [seat for seat in self._seats if not seat.taken]
        seat = max(free, key=lambda s: (shared(s.tokens, ids), -s.used))
        self._n_taken += 1
        seat.taken, seat.used = True, self._n_taken
        return seat, min(shared(seat.tokens, ids), len(ids) - 1)


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Tokens at the beginning of both."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
