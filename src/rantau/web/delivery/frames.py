"""Frames of the socket, version 1: JSON objects. `asked` reads what clients send, `frame` makes what they get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from rantau.errors import ServingError
from rantau.serving.protocol import START, End, Entry, EntryId, Phase, Tokens
from rantau.web.delivery.follower import Gone, Lost, Said, Stands, Told, Whole

VERSION = 1
LARGEST = 2**53  # the broker refuses numbers beyond 64 bits, and a script's numbers are exact up to here
Frame = dict[str, Any]


class BadFrame(ServingError):
    """A frame that no page of ours sends. code: for programs"""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for. generation: "" for pong"""

    kind: Literal["sub", "unsub", "stop", "pong"]
    generation: str = ""
    after: EntryId = START


def asked(text: str) -> Asked:
    """Raises   BadFrame"""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("bad_json") from error
    if not isinstance(frame, dict):
        raise BadFrame("bad_frame")
    kind = frame.get("t")
    if kind == "pong":
        return Asked("pong")
    if kind not in ("sub", "unsub", "stop"):
        raise BadFrame("unknown_frame")
    return Asked(kind, name_of(frame.get("gen")), cursor(frame.get("after", "0-0")))


def name_of(value: object) -> str:
    """The name of a generation in its one form.

    Raises   BadFrame
    """
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) <= 36 else _refuse("bad_generation")
    except ValueError as error:
        raise BadFrame("bad_generation") from error


def cursor(value: object) -> EntryId:
    """Raises   BadFrame"""
    try:
        read = EntryId.of(value) if isinstance(value, str) and len(value) <= 32 else _refuse("bad_cursor")
    except ServingError as error:
        raise BadFrame("bad_cursor") from error
    return read if max(read) < LARGEST else _refuse("bad_cursor")


def _refuse(code: str) -> Any:
    raise BadFrame(code)


def event(entry: Entry | None, whole: Whole | None = None) -> Frame:
    """An entry as viewers get it: no token ids, no worker's name, no usage, which a blind battle must not show."""
    match entry:
        case None:
            return {"k": "unknown"}
        case Tokens(text):
            return {"k": "tok", "t": text}
        case Phase(name):
            return {"k": "ph", "p": name}
        case End(reason=reason, state=state, code=code):
            checked = {} if whole is None else {"n": whole.n_chars, "sha": whole.sha256}
            return {"k": "end", "r": reason, "s": state, **checked, **({"c": code} if code else {})}


def frame(told: Told) -> Frame:
    match told:
        case Said(generation, entries, whole):
            return {"t": "ev", "gen": generation, "e": [[str(i), event(e, whole)] for i, e in entries]}
        case Stands(generation, state, ahead):
            return {"t": "st", "gen": generation, "state": state, **({} if ahead is None else {"pos": ahead})}
        case Gone(generation, None):
            return {"t": "err", "code": "unknown_cursor", "gen": generation}
        case Gone(generation, final):
            return {"t": "gone", "gen": generation, "final": dict(final or {})}
        case Lost():
            return {"t": "err", "code": "broker_lost", "retry_s": 1}


def refusal(code: str, generation: str = "", retry_s: int | None = None) -> Frame:
    found: Mapping[str, Any] = {"gen": generation, "retry_s": retry_s}
    return {"t": "err", "code": code, **{key: value for key, value in found.items() if value}}


def line(value: Frame) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
