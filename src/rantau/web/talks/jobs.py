"""Jobs: a generation of the database as the words that a worker takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rantau.serving.protocol import Job, Wish
from rantau.web.records.models import Generation, Message, Talk
from rantau.web.site import Served, Site
from rantau.web.talks.tree import Turn, path_to, within

CHARS_PER_TOKEN = 16
"""No model's tokens are that long, all in all: what is left out by this measure fits nowhere."""


def job_of(generation: Generation) -> Job:
    """The same each time, as long as the talk's system prompt is: what a process that died was about to admit."""
    message = generation.message
    return Job(
        generation=str(generation.id),
        owner=str(generation.owner_id),
        model=message.model,
        messages=tuple(prompt_of(message)),
        wish=wish_of(message.wish),
        begun=tuple(message.tokens),
        begun_text=message.beginning,
        whole=message.talk.origin == "api",
    )


def prompt_of(answer: Message) -> list[Turn]:
    """The turns that the answer follows, without those that were left out."""
    found = path_to(answer.parent, answer.side)[answer.left_out :]
    system = answer.talk.system_prompt
    return [{"role": "system", "content": system}, *found] if system else found


def wish_of(fields: dict[str, Any]) -> Wish:
    return Wish(**{**fields, "stop": tuple(fields.get("stop", ()))})


def wish_fields(site: Site, talk: Talk, model: Served, **changed: Any) -> dict[str, Any]:
    """All fields: the talk's own before the site's; never more tokens than the model can take."""
    wish = asdict(wish_of({**site.wish, **talk.wish, **changed}))
    wish |= {name: value for name, value in asdict(Wish()).items() if name in site.cannot}
    return {**wish, "stop": list(wish["stop"]), "max_tokens": min(wish["max_tokens"], model.context)}


def turns_left_out(question: Message, side: str, model: Served) -> int:
    """Old turns that no worker need be sent; what does not fit of the others, it counts itself.

    A program decides itself what it sends: its prompt is taken whole, or refused by the worker.
    """
    if question.talk.origin == "api" or question.parent_id is None:
        return 0
    return within(path_to(question, side), max_chars=model.context * CHARS_PER_TOKEN)[1]
