"""Evidence: what counts of votes say, how sure that is, and how few votes it hangs on."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from statistics import NormalDist

CONFIDENCE = 0.95
LEAST = 20
"""Fewer decided rounds are never enough: four wins of four already have an interval above one half."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rounds that one of two won, lost, or shared."""

    wins: int
    losses: int
    ties: int = 0

    @property
    def n(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def share(self) -> float:
        """Of the rounds, ties halved. n >= 1"""
        return (self.wins + self.ties / 2) / self.n


def bounds(counts: Counts) -> tuple[float, float]:
    """Wilson score interval of the share. A tie varies less than a coin, so with ties it is rather too wide."""
    from rantau.stats.proportion import wilson_bounds

    return wilson_bounds(counts.share, counts.n, reach=_reach())


def _reach() -> float:
    return NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


def p_value(counts: Counts) -> float:
    """Two-sided exact p-value that both win equally often, from the rounds that one of them won."""
    from rantau.stats import mcnemar_exact

    return mcnemar_exact(counts.losses, counts.wins)


def is_enough(counts: Counts) -> bool:
    """Whether the interval leaves one half out, and there are enough rounds to speak at all."""
    return counts.n >= LEAST and _excludes_half(counts)


def _excludes_half(counts: Counts) -> bool:
    if counts.n == 0:
        return False
    low, high = bounds(counts)
    return low > 0.5 or high < 0.5


def needed(counts: Counts) -> int | None:
    """Rounds until the interval would leave one half out if the share stayed; None where it never would.

    Wilson's interval holds one half exactly while (share - 1/2)^2 <= z^2 / 4n
    """
    if counts.n == 0 or counts.share == 0.5:
        return None
    return max(floor((_reach() / (2 * (counts.share - 0.5))) ** 2) + 1, LEAST)


def votes_needed(counts: Counts, *, n_votes: int) -> int | None:
    """The same in votes, of which some find both bad and decide nothing."""
    rounds = needed(counts)
    return None if rounds is None else ceil(rounds * n_votes / counts.n)


def removed_until_turned(counts: Counts) -> int | None:
    """Fewest votes without which the other one would lead; None if nothing can be taken away to that end."""
    lead, behind = max(counts.wins, counts.losses), min(counts.wins, counts.losses)
    if lead == behind:
        return None
    return lead - behind + 1 if behind else None


def removed_until_open(counts: Counts) -> int | None:
    """Fewest votes without which the interval would hold one half again; None where it does now."""
    if not _excludes_half(counts):
        return None
    ahead = counts.wins > counts.losses
    for k in range(1, max(counts.wins, counts.losses) + 1):
        rest = Counts(counts.wins - k * ahead, counts.losses - k * (not ahead), counts.ties)
        if not _excludes_half(rest):
            return k
    return None
