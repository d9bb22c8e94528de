"""Importing: a talk from a file of `export`. Nothing in it is believed but the words: every row is made anew.

Its owner is whoever brings it; ids, times and states are ours; who answered is not known, since a file can say
anything; votes and opinions stay behind. A blind talk becomes an open one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from rantau.serving.protocol import REASONS
from rantau.web.database import writing
from rantau.web.guard.rate import wait_s
from rantau.web.records.models import Message, Talk
from rantau.web.records.models.talks import ENDED, MODES
from rantau.web.records.sizes import measure
from rantau.web.site import current
from rantau.web.talks.export import FORMAT, VERSION
from rantau.web.talks.rejected import Rejected
from rantau.web.talks.room import refuse_if_full
from rantau.web.talks.validation import (
    ANSWER_CHARS,
    clean_answer,
    clean_prompt,
    clean_text,
    clean_title,
    clean_wish,
)

MOST_MESSAGES, MOST_CHARS = 2000, 4_000_000
PER_MINUTE = 10


def bring_in(owner: Any, file: Mapping[str, Any]) -> Talk:
    """The new talk, all of it or nothing.

    Raises   Rejected bad_file, full, rate_limited, and what validation of texts raises
    """
    if wait := wait_s(owner, "imports", PER_MINUTE):
        raise Rejected("rate_limited", f"That is too fast. Go on in {wait} seconds.", 429, wait)
    if file.get("format") != FORMAT or file.get("version") != VERSION:
        raise Rejected(
            "bad_file", f"This is no talk of {FORMAT}, version {VERSION}. Export one as JSON to see it."
        )
    talk = _talk(owner, _object(file.get("talk"), "talk"))
    messages = _messages(talk, file.get("messages"))
    refuse_if_full(owner, talk.system_prompt, *(message.text for message in messages))
    with writing():
        talk.save(force_insert=True)
        Message.objects.bulk_create(messages)
        measure(talk.id)
    return talk


def _talk(owner: Any, row: Mapping[str, Any]) -> Talk:
    site, mode = current(), row.get("mode")
    if mode not in MODES:
        raise Rejected("bad_file", f"talk.mode must be one of {', '.join(MODES)}.")
    context = min((model.context for model in site.models), default=2048)
    return Talk(
        owner=owner, mode="single" if mode == "single" else "compare", title=clean_title(row.get("title", "")),
        system_prompt=clean_prompt(row.get("system_prompt", ""), site.limits),
        wish=clean_wish(row.get("wish", {}), context=context),
    )  # fmt: skip


def _messages(talk: Talk, rows: Any) -> list[Message]:
    if not isinstance(rows, list) or len(rows) > MOST_MESSAGES:
        raise Rejected("bad_file", f"messages must be a list of at most {MOST_MESSAGES}.")
    begin, made = timezone.now() - timedelta(milliseconds=len(rows)), dict[str, Message]()
    for n, row in enumerate(rows):
        name, message = _message(talk, _object(row, f"messages[{n}]"), made, n)
        message.created = _time(begin, n)
        made[name] = message
    if sum(len(message.text) for message in made.values()) > MOST_CHARS:
        raise Rejected("bad_file", f"The talk has more than {MOST_CHARS} characters.", 413)
    return list(made.values())


def _time(begin: datetime, n: int) -> datetime:
    """One after the other, in the file's order."""
    return begin + timedelta(milliseconds=n)


def _message(talk: Talk, row: Mapping[str, Any], before: Mapping[str, Message], n: int) -> tuple[str, Message]:
    name, role, where = row.get("id"), row.get("role"), f"messages[{n}]"
    if not isinstance(name, str) or not name or name in before:
        raise Rejected("bad_file", f"{where}: id must be a text of its own.")
    if role not in ("user", "assistant"):
        raise Rejected("bad_file", f"{where}: role must be user or assistant.")
    parent = _parent(row.get("parent"), before, where)
    made = Message(talk=talk, parent=parent, role=role, author=talk.owner)
    if role == "user":
        made.text = clean_text(row.get("text"), current().limits)
    else:
        _fill_answer(made, row, where)
    if (parent.role if parent else None) not in _followed(talk, role):
        raise Rejected("bad_file", f"{where}: a message of role {role} cannot stand there.")
    return name, made


def _parent(name: Any, before: Mapping[str, Message], where: str) -> Message | None:
    """A message further up in the file: so no message can follow itself."""
    if name is None:
        return None
    if not isinstance(name, str) or name not in before:
        raise Rejected("bad_file", f"{where}: parent must be the id of a message before it, or null.")
    return before[name]


def _followed(talk: Talk, role: str) -> Sequence[str | None]:
    """Roles that a message of this role follows; None = it begins the talk."""
    if role == "assistant":
        return ("user",)
    return (None, "assistant") if talk.mode == "single" else (None, "user")


def _fill_answer(made: Message, row: Mapping[str, Any], where: str) -> None:
    """An answer as it ended; one that was being written has been stopped."""
    sides = ("",) if made.talk.mode == "single" else ("a", "b")
    if row.get("side") not in sides:
        raise Rejected("bad_file", f"{where}: side must be one of {', '.join(sides) or 'nothing'}.")
    state, reason = row.get("state"), row.get("reason")
    made.side = row["side"]
    made.text = clean_answer(row.get("text"), ANSWER_CHARS)
    made.state = state if state in ENDED else "stopped"
    made.reason = reason if reason in REASONS and state in ENDED else "stopped"


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Rejected("bad_file", f"{where} must be an object.")
    return value
