"""Jobs: a generation of the database as the words that a worker takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rantau.serving.protocol import Job, Wish
from rantau.web.records.models import Generation, Message, Talk
from rantau.web.site import Served, Site
from rantau.web.talks.tree import Turn, chars_of, path_to, within

CHARS_PER_TOKEN = 2.0
"""Until an answer of the talk has told how many tokens its prompt had."""
TEMPLATE_TOKENS = 64


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


def turns_left_out(question: Message, side: str, model: Served, max_tokens: int) -> int:
    """Old turns that do not fit into the model's context beside the answer, by what its talk is known to measure.

    A program decides itself what it sends: its prompt is taken whole, or refused by the worker.
    """
    if question.talk.origin == "api" or question.parent_id is None:
        return 0
    found = path_to(question, side)
    tokens = max(model.context - max_tokens, model.context // 4) - TEMPLATE_TOKENS
    return within(found, max_chars=int(tokens * _chars_per_token(question, side, model)))[1]


def _chars_per_token(question: Message, side: str, model: Served) -> float:
    counted = question.talk.messages.filter(model=model.name, side=side, prompt_tokens__gt=0).order_by("-created")
    last = counted.first()
    return max(chars_of(prompt_of(last)) / last.prompt_tokens, 0.1) if last and last.parent else CHARS_PER_TOKEN
