"""Ballots: votes as results count them, and those that they leave out, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from rantau.web.records.models import Vote

Choice = Literal["a", "b", "tie", "bad"]
CHOICES: tuple[Choice, ...] = ("a", "b", "tie", "bad")
REASONS = ("fluency", "correct", "on_topic", "right_language")
MOST_OF_VOTER = 100
"""Votes of one person that count, the first ones, where more than one person may vote."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """adapted_side: None where the base model stood on both sides"""

    choice: Choice
    adapted_side: Literal["a", "b"] | None
    voter: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ballots:
    """left_out: how many votes do not count, by reason"""

    counted: tuple[Ballot, ...]
    left_out: Mapping[str, int]


def read_ballots(*, most_of_voter: int | None = MOST_OF_VOTER) -> Ballots:
    """Blind votes in talks that are not deleted, the oldest first.

    Left out: failed (an answer broke off: no fault of its model), sighted (its voter had seen the names, and took
    an earlier vote back), cap (of a person with more votes than count)
    """
    rows = Vote.objects.filter(battle__blind=True, battle__message__talk__deleted=None).order_by("created", "id")
    kept, left_out, of_voter = [], Counter({"failed": 0, "sighted": 0, "cap": 0}), Counter[int]()
    for vote in rows.select_related("battle__a", "battle__b").defer(*_LONG):
        if why := _why_not(vote, of_voter[vote.voter_id], most_of_voter):
            left_out[why] += 1
            continue
        of_voter[vote.voter_id] += 1
        kept.append(ballot_of(vote))
    return Ballots(tuple(kept), dict(left_out))


_LONG = [f"battle__{side}__{name}" for side in ("a", "b") for name in ("text", "beginning", "tokens", "wish")]


def _why_not(vote: Vote, n_before: int, most: int | None) -> str | None:
    battle = vote.battle
    if "failed" in (battle.a.state, battle.b.state):
        return "failed"
    if is_sighted(vote):
        return "sighted"
    return "cap" if most is not None and n_before >= most else None


def is_sighted(vote: Vote) -> bool:
    """Whether its voter knew which side was which."""
    battle = vote.battle
    return not battle.blind or (battle.revealed is not None and battle.revealed < vote.created)


def ballot_of(vote: Vote) -> Ballot:
    side = vote.battle.adapted_side if vote.battle.kind == "ab" else None
    return Ballot(vote.choice, side, vote.voter_id, tuple(vote.reasons))


def of_adapted(ballots: Iterable[Ballot]) -> Counter[str]:
    """wins, losses, ties and bad of the adapted model; rounds of one model are left out."""
    found = Counter({"wins": 0, "losses": 0, "ties": 0, "bad": 0})
    found.update(outcome(ballot) for ballot in ballots if ballot.adapted_side is not None)
    return found


def outcome(ballot: Ballot) -> str:
    """wins, losses, ties or bad, as the adapted model sees it."""
    if ballot.choice in ("tie", "bad"):
        return {"tie": "ties", "bad": "bad"}[ballot.choice]
    return "wins" if ballot.choice == ballot.adapted_side else "losses"
