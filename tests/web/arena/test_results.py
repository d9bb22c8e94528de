"""Results: what counts, what is left out, and what the page is told."""

from collections.abc import Callable
from typing import Any

import pytest

from rantau.web.arena import ballots as counting
from rantau.web.arena.ballots import Ballot, Ballots, read_ballots
from rantau.web.arena.results import results_json
from rantau.web.records.models import Battle, Message, Talk


def result(*told: tuple[str, str | None, int]) -> dict[str, Any]:
    """Of (choice, side of the adapted model, how often)."""
    ballots = [Ballot(choice, side, n) for choice, side, times in told for n in range(times)]  # type: ignore[arg-type]
    return results_json(Ballots(tuple(ballots), {}), cap=None)


def test_no_votes(page: Any) -> None:
    status, told = page("GET", "/api/arena")
    assert (status, told["n_votes"], told["enough"], told["needed"]) == (200, 0, False, None)
    assert (told["adapted"]["share"], told["aa"]["n"], told["of"]) == (None, 0, "me")


def test_the_adapted_model_wins_on_either_side() -> None:
    told = result(("a", "a", 20), ("b", "b", 10), ("a", "b", 8), ("tie", "a", 4), ("bad", "b", 5))
    ours = told["adapted"]
    assert (ours["wins"], ours["losses"], ours["ties"], ours["bad"], ours["n"]) == (30, 8, 4, 5, 42)
    assert ours["share"] == 32 / 42 and told["n_votes"] == 47 and told["enough"] and told["more"] == 0
    assert (told["turned"], told["open"]) == (23, 12)


def test_more_votes_are_asked_for_until_it_can_be_told() -> None:
    told = result(("a", "a", 30), ("b", "a", 20), ("bad", "a", 50))
    assert not told["enough"] and (told["needed"], told["more"]) == (194, 94)


def test_whoever_favours_a_side_is_seen() -> None:
    told = result(("a", None, 18), ("b", None, 2), ("tie", None, 3), ("a", "a", 10), ("a", "b", 10))
    assert (told["aa"]["n"], told["aa"]["left"], told["aa"]["ties"]) == (20, 0.9, 3)
    assert told["aa"]["low"] > 0.5 and told["aa"]["p"] == pytest.approx(0.000402, abs=1e-6)
    assert (told["sides"]["n"], told["sides"]["left"]) == (40, 0.95)
    assert (told["n_votes"], told["adapted"]["share"]) == (20, 0.5)


def test_reasons_are_counted_by_how_the_round_ended(page: Any, voted: Callable[..., Battle]) -> None:
    voted("a", adapted="a", reasons=("fluency", "correct"))
    voted("a", adapted="b", reasons=("fluency",))
    voted("a", kind="aa", reasons=("fluency",))
    told = page("GET", "/api/arena")[1]
    assert told["reasons"]["fluency"] == {"wins": 1, "losses": 1, "ties": 0, "bad": 0}
    assert sum(told["reasons"]["correct"].values()) == 1
    assert (told["n_votes"], told["aa"]["n"], told["n_voters"]) == (2, 1, 1)


def test_one_person_does_not_outvote_the_others(
    voted: Callable[..., Battle], stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        voted("a", adapted="a")
    voted("b", adapted="a", person=stranger)
    read = read_ballots(most_of_voter=2)
    assert [b.choice for b in read.counted] == ["a", "a", "b"] and read.left_out["cap"] == 2
    assert len(read_ballots(most_of_voter=None).counted) == 5


def test_the_cap_is_for_sites_with_accounts(page: Any, site_with: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page("GET", "/api/arena")[1]["most_of_voter"] == counting.MOST_OF_VOTER
    site_with(single_user=True)
    assert page("GET", "/api/arena")[1]["most_of_voter"] is None


def test_a_vote_after_an_undone_one_does_not_count(page: Any, ended: Callable[..., Battle]) -> None:
    path = f"/api/battles/{ended(adapted='a').id}/vote"
    for method, body in (("POST", {"choice": "b"}), ("DELETE", None), ("POST", {"choice": "a"})):
        page(method, path, body)
    told = page("GET", "/api/arena")[1]
    assert (told["n_votes"], told["left_out"]["sighted"]) == (0, 1)
    (row,) = page.client.get("/api/arena/export?format=battles").content.splitlines()
    assert b'"anony": false' in row


def test_what_broke_off_and_what_was_deleted_does_not_count(page: Any, voted: Callable[..., Battle]) -> None:
    broken, deleted = voted("a"), voted("a")
    Message.objects.filter(id=broken.b_id).update(state="failed")
    page("DELETE", f"/api/talks/{deleted.message.talk_id}")
    told = page("GET", "/api/arena")[1]
    assert (told["n_votes"], told["left_out"]) == (0, {"failed": 1, "sighted": 0, "cap": 0})


def test_rounds_that_were_not_blind_do_not_count(page: Any, voted: Callable[..., Battle], owner: Any) -> None:
    voted("a", talk=Talk.objects.create(owner=owner, mode="compare"))
    assert page("GET", "/api/arena")[1]["n_votes"] == 0
