"""Creation of rows: a question, its answers to come and their generations, all in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from rantau.web.records.models import Battle, Generation, Message, Talk
from rantau.web.site import Served, current
from rantau.web.talks.jobs import turns_left_out, wish_fields
from rantau.web.talks.rejected import Rejected, not_found
from rantau.web.talks.sides import draw_sides, model_of
from rantau.web.talks.validation import clean_title

TITLE_CHARS = 60


def parent_of(talk: Talk, parent: UUID | None) -> Message | None:
    """The message that a question follows: an answer that has ended, or a question where two models answer.

    Raises   Rejected not_found, bad_parent, unfinished
    """
    if parent is None:
        return None
    found: Message | None = talk.messages.filter(id=parent).first()
    if found is None:
        raise not_found()
    wanted = "assistant" if talk.mode == "single" else "user"
    if found.role != wanted:
        raise Rejected("bad_parent", f"A question of this talk follows a message of role {wanted}.")
    before = [found] if wanted == "assistant" else list(found.children.filter(role="assistant"))
    if any(m.state in ("queued", "running", "stopping") for m in before):
        raise Rejected("unfinished", "The answer before is still being written. Wait for it, or stop it.", 409)
    return found


def create_question(owner: Any, talk: Talk, parent: Message | None, text: str, client_id: str) -> Message:
    question: Message = Message.objects.create(
        talk=talk, parent=parent, role="user", text=text, client_id=client_id, author=owner
    )
    fields = {"updated": timezone.now()} if talk.title else {"updated": timezone.now(), "title": title_of(text)}
    Talk.objects.filter(id=talk.id).update(**fields)
    return question


def title_of(text: str) -> str:
    """The beginning of the first message, whole words."""
    shown = clean_title(text[: 4 * TITLE_CHARS])
    if len(shown) <= TITLE_CHARS:
        return shown
    cut = shown[:TITLE_CHARS]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" .,;:") + "…"


def create_answers(question: Message, model: str | None) -> list[Generation]:
    """One, or one of each side."""
    site, talk = current(), question.talk
    if talk.mode == "single":
        return [create_answer(question, model_of(site, talk, model))]
    drawn = draw_sides(site, talk.mode)
    seed_b = drawn.seed if drawn.kind == "ab" else drawn.seed ^ 1  # of one model the same draw is the same answer
    a = create_answer(question, drawn.a, side="a", seed=drawn.seed)
    b = create_answer(question, drawn.b, side="b", seed=seed_b)
    Battle.objects.create(
        message=question, a=a.message, b=b.message, adapted_side=drawn.adapted_side, kind=drawn.kind,
        blind=drawn.blind, seed=drawn.seed,
    )  # fmt: skip
    return [a, b]


def create_answer(
    question: Message, model: Served, *, side: str = "", client_id: str = "", **wish: Any
) -> Generation:
    """An answer to come. wish: fields that differ from the talk's"""
    fields = wish_fields(current(), question.talk, model, **wish)
    answer: Message = Message.objects.create(
        talk=question.talk, parent=question, role="assistant", side=side, model=model.name, digest=model.digest,
        client_id=client_id, author=question.author, state="queued", wish=fields,
        left_out=turns_left_out(question, side, model),
    )  # fmt: skip
    return _begin(answer)


def create_continuation(old: Message, model: Served, client_id: str) -> Generation:
    """A sibling that begins with all of `old`."""
    answer: Message = Message.objects.create(
        talk=old.talk, parent=old.parent, role="assistant", side=old.side, model=model.name, digest=model.digest,
        client_id=client_id, author=old.author, state="queued", wish=old.wish, left_out=old.left_out,
        beginning=old.text, text=old.text, tokens=old.tokens,
    )  # fmt: skip
    return _begin(answer)


def _begin(answer: Message) -> Generation:
    made: Generation = Generation.objects.create(message=answer, owner=answer.author)
    return made
