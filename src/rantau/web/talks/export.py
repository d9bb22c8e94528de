"""A talk as a file: Markdown to read, JSON to bring back, JSON lines to train on. Blind rounds stay secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rantau.web.http.shapes import is_secret, messages_json, talk_json
from rantau.web.records.models import Message, Talk
from rantau.web.records.models.talks import ENDED
from rantau.web.site import current
from rantau.web.talks import markdown
from rantau.web.talks.branch import newest_branch
from rantau.web.talks.contexts import Contexts

FORMAT, VERSION = "rantau.talk", 1


def as_json(talk: Talk, viewer: Any) -> dict[str, Any]:
    """All branches; what `importing` reads."""
    return {
        "format": FORMAT, "version": VERSION, "talk": talk_json(talk),
        "messages": messages_json(talk.messages.all(), viewer),
    }  # fmt: skip


def as_lines(talk: Talk) -> Iterator[dict[str, Any]]:
    """A conversation for each answer that nothing follows: {messages, model, revision, side, talk}."""
    contexts = Contexts()
    rows = talk.messages.filter(role="assistant", state__in=ENDED).exclude(text="")
    followed = set(talk.messages.filter(role="user").values_list("parent_id", flat=True))
    for answer in rows.select_related("talk", "parent__battle__vote"):
        if not {answer.id, answer.parent_id} & followed:
            secret = is_secret(answer)
            yield {
                "messages": contexts.whole(answer), "model": "" if secret else answer.model,
                "revision": "" if secret else answer.digest, "side": answer.side, "talk": str(talk.id),
            }  # fmt: skip


def as_markdown(talk: Talk) -> str:
    """The branch that is shown."""
    parts = [f"# {markdown.plain(talk.title) or 'Talk'}", f"{talk.created:%Y-%m-%d} · rantau"]
    if talk.system_prompt:
        parts += ["## System prompt", markdown.asked(talk.system_prompt)]
    rows = talk.messages.defer("tokens").select_related("parent__battle__vote")
    for exchange in newest_branch(rows):
        parts += ["## Question", markdown.asked(exchange.question.text)]
        for answer in exchange.answers:
            parts += [f"## Answer{_by(answer)}", markdown.answered(answer.text) if answer.text else "> (none)"]
    return "\n\n".join(parts) + "\n"


def _by(answer: Message) -> str:
    side = f" {answer.side.upper()}" if answer.side else ""
    return f"{side}: {markdown.plain(title)}" if (title := title_of_model(answer)) else side


def title_of_model(answer: Message) -> str:
    """Empty while it is secret, or not known."""
    if is_secret(answer):
        return ""
    served = current().model(answer.model)
    return served.title if served else str(answer.model)
