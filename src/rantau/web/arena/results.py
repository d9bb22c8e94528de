"""Results of the arena: how often the adapted model won, and whether people favour a side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rantau.web.arena.ballots import MOST_OF_VOTER, REASONS, Ballot, Ballots, of_adapted, read_ballots
from rantau.web.arena.evidence import (
    LEAST,
    Counts,
    bounds,
    is_enough,
    p_value,
    removed_until_open,
    removed_until_turned,
    votes_needed,
)
from rantau.web.site import current


def arena_json() -> dict[str, Any]:
    """Results of all people, as pages show them. The one person of a chat without accounts has no cap."""
    cap = None if current().single_user else MOST_OF_VOTER
    return results_json(read_ballots(most_of_voter=cap), cap=cap)


def results_json(ballots: Ballots, *, cap: int | None) -> dict[str, Any]:
    """n_votes    on rounds of both models; those of one model against itself are under aa
    needed     votes in all until it can be told, if the share stays; null where it never can
    turned     fewest votes without which the other model would lead; open: without which it could not be told
    sides      of all rounds: the adapted model stands on either side equally often, so this is even without a bias
    """
    counted = ballots.counted
    told = of_adapted(counted)
    n_votes, counts = sum(told.values()), Counts(told["wins"], told["losses"], told["ties"])
    until = votes_needed(counts, n_votes=n_votes)
    return {
        "n_votes": n_votes,
        "n_voters": len({ballot.voter for ballot in counted}),
        "adapted": {**told, **share_json(counts)},
        "enough": is_enough(counts),
        "least": LEAST,
        "needed": until,
        "more": None if until is None else max(until - n_votes, 0),
        "turned": removed_until_turned(counts),
        "open": removed_until_open(counts),
        "aa": sides_json([ballot for ballot in counted if ballot.adapted_side is None]),
        "sides": sides_json(counted),
        "reasons": reasons_json(counted),
        "most_of_voter": cap,
        "left_out": dict(ballots.left_out),
    }


def share_json(counts: Counts) -> dict[str, Any]:
    """share, low and high are null while there is no round; p: exact, of the rounds that somebody won"""
    if counts.n == 0:
        return {"n": 0, "share": None, "low": None, "high": None, "p": None}
    low, high = bounds(counts)
    return {"n": counts.n, "share": counts.share, "low": low, "high": high, "p": p_value(counts)}


def sides_json(ballots: Sequence[Ballot]) -> dict[str, Any]:
    """left: share of side A among the rounds in which a side was chosen"""
    n = {choice: sum(ballot.choice == choice for ballot in ballots) for choice in ("a", "b", "tie", "bad")}
    told = share_json(Counts(n["a"], n["b"]))
    left = told.pop("share")
    return {**told, "left": left, "ties": n["tie"], "bad": n["bad"]}


def reasons_json(ballots: Sequence[Ballot]) -> dict[str, dict[str, int]]:
    """Reason -> how the rounds ended in which it was given."""
    ours = [ballot for ballot in ballots if ballot.adapted_side is not None]
    return {reason: dict(of_adapted(ballot for ballot in ours if reason in ballot.reasons)) for reason in REASONS}
