"""Exports: votes and opinions as rows that trainers and other arenas read. Deleted talks are left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from rantau.web.arena.ballots import is_sighted
from rantau.web.http.shapes import is_secret
from rantau.web.records.models import Feedback, Message, Vote
from rantau.web.records.models.talks import ENDED
from rantau.web.site import current
from rantau.web.talks.contexts import Contexts, said

Row = dict[str, Any]
WINNERS = {"a": "model_a", "b": "model_b", "tie": "tie", "bad": "tie (bothbad)"}
AT_ONCE = 500


def preferences(viewer: Any | None) -> Iterator[Row]:
    """TRL's conversational preferences: prompt, chosen, rejected, and `meta`.

    viewer  whose votes; None = everybody's
    Left out: ties and both bad; rounds of one model against itself; pairs that are equal, empty or broke off; and
    later turns in which each side had followed its own answers, since then there is no one prompt
    """
    contexts = Contexts()
    for vote in _votes(viewer).filter(choice__in=("a", "b"), battle__kind="ab"):
        chosen, rejected = _ordered(vote)
        prompt = contexts.prompt(chosen)
        if _is_pair(chosen, rejected) and prompt and prompt == contexts.prompt(rejected):
            yield {
                "prompt": prompt, "chosen": [said(chosen)], "rejected": [said(rejected)],
                "meta": {**_voted(vote), **_revision(chosen, "chosen"), **_revision(rejected, "rejected")},
            }  # fmt: skip


def judgements(viewer: Any | None) -> Iterator[Row]:
    """TRL's unpaired rows for KTO: prompt, completion, label, from thumbs and from rounds in which both were bad.

    A thumb counts more than the round. Answers whose model is secret or unknown are left out
    """
    contexts, judged = Contexts(), set()
    for opinion in _opinions(viewer):
        answer = opinion.message
        if answer.text and answer.model and not is_secret(answer):
            judged.add(answer.id)
            meta = {"source": "thumb", "voter": voter(opinion.user_id), "reasons": opinion.reasons,
                    "time": opinion.created.isoformat()}  # fmt: skip
            yield _judgement(contexts, answer, label=opinion.value > 0, meta=meta)
    for vote in _votes(viewer).filter(choice="bad"):
        for answer in _ordered(vote):
            if answer.text and answer.state != "failed" and answer.id not in judged:
                meta = {"source": "both_bad", "voter": voter(vote.voter_id), "reasons": vote.reasons,
                        "time": vote.created.isoformat()}  # fmt: skip
                yield _judgement(contexts, answer, label=False, meta=meta)


def _judgement(contexts: Contexts, answer: Message, *, label: bool, meta: Row) -> Row:
    return {
        "prompt": contexts.prompt(answer), "completion": [said(answer)], "label": label,
        "meta": {**meta, "language": current().language, **_revision(answer, "answer")},
    }  # fmt: skip


def battles(viewer: Any | None) -> Iterator[Row]:
    """All rounds with a vote, in the shape of the public arena data, and `meta`."""
    contexts = Contexts()
    for vote in _votes(viewer):
        battle = vote.battle
        yield {
            "question_id": str(battle.id), "model_a": battle.a.model, "model_b": battle.b.model,
            "winner": WINNERS[vote.choice], "judge": voter(vote.voter_id),
            "conversation_a": contexts.whole(battle.a), "conversation_b": contexts.whole(battle.b),
            "turn": _turn(contexts, battle.a), "anony": battle.blind and not is_sighted(vote),
            "language": current().language, "tstamp": vote.created.timestamp(),
            "meta": {**_voted(vote), **_revision(battle.a, "a"), **_revision(battle.b, "b"),
                     "adapted_side": battle.adapted_side if battle.kind == "ab" else None},
        }  # fmt: skip


FORMATS = {
    "preference": ("preferences.jsonl", preferences),
    "kto": ("kto.jsonl", judgements),
    "battles": ("battles.jsonl", battles),
}


def voter(user_id: int) -> str:
    """A pseudonym: the same for one person here, and of no meaning without this chat's key."""
    return str(salted_hmac("rantau.arena.voter", str(user_id), algorithm="sha256").hexdigest()[:16])


def _votes(viewer: Any | None) -> QuerySet[Vote]:
    mine = Q() if viewer is None else Q(voter=viewer)
    rows = Vote.objects.filter(mine, battle__message__talk__deleted=None)
    joined = [f"battle__{side}__{name}" for side in ("a", "b") for name in ("talk", "parent")]
    return rows.select_related(*joined).order_by("battle__message__talk_id", "created", "id")


def _opinions(viewer: Any | None) -> QuerySet[Feedback]:
    mine = Q() if viewer is None else Q(user=viewer)
    rows = Feedback.objects.filter(
        mine, message__talk__deleted=None, message__role="assistant", message__state__in=ENDED
    )
    joined = ("message__talk", "message__parent__battle__vote")
    return rows.select_related(*joined).order_by("message__talk_id", "created", "id")


def _ordered(vote: Vote) -> tuple[Message, Message]:
    """Chosen and rejected; a and b where none was chosen."""
    pair = (vote.battle.a, vote.battle.b)
    return (pair[1], pair[0]) if vote.choice == "b" else pair


def _is_pair(chosen: Message, rejected: Message) -> bool:
    whole = "failed" not in (chosen.state, rejected.state)
    return whole and bool(chosen.text and rejected.text) and chosen.text != rejected.text


def _voted(vote: Vote) -> Row:
    battle = vote.battle
    return {
        "battle": str(battle.id), "kind": battle.kind, "blind": battle.blind and not is_sighted(vote),
        "voter": voter(vote.voter_id), "reasons": vote.reasons, "dwell_ms": vote.dwell_ms,
        "language": current().language, "interface": vote.language, "seed": battle.seed,
        "time": vote.created.isoformat(),
    }  # fmt: skip


def _revision(answer: Message, name: str) -> Row:
    """Which weights wrote it, and how they were asked."""
    return {f"{name}_model": answer.model, f"{name}_revision": answer.digest, f"{name}_params": answer.wish}


def _turn(contexts: Contexts, answer: Message) -> int:
    """Which question of its talk it answers, from 1."""
    return sum(turn["role"] == "user" for turn in contexts.prompt(answer))
