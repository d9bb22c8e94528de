"""What of a talk a model is shown: its newest exchanges, where all of it is too long."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rantau.serving.protocol import Job

Messages = tuple[Mapping[str, str], ...]


def fitting(job: Job, most: int, encode: Callable[[Job], list[int]]) -> tuple[Messages, list[int]]:
    """The turns that the model sees, and their tokens.

    most    tokens that they may have. Old turns go, a question with all its answers at a time; what stands before
            the first question stays, and so does the last question, whether it fits or not
    encode  tokens of a job's talk
    """
    whole = encode(job)
    begins = beginnings(job.messages)
    if job.whole or len(whole) <= most or len(begins) < 2:
        return tuple(job.messages), whole
    head = tuple(job.messages[: begins[0]])
    kept = [(*head, *job.messages[at:]) for at in begins]
    at = 1 + bisect_left(
        range(1, len(kept) - 1), -most, key=lambda n: -len(encode(replace(job, messages=kept[n])))
    )
    return kept[at], encode(replace(job, messages=kept[at]))


def beginnings(messages: Sequence[Mapping[str, str]]) -> list[int]:
    """Where exchanges begin: at questions, those apart that follow no other question."""
    roles = ["", *(message["role"] for message in messages)]
    return [n for n, role in enumerate(roles[1:]) if role == "user" and roles[n] != "user"]
