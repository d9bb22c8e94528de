"""The words of serving: states of a generation, entries of its log, jobs. No client and no model is named here.

A generation's log has one entry id for each entry, `<attempt>-<seq>`. seq counts the entries and goes on across
attempts; an attempt is one worker's try. Ids only rise, so whatever a worker of an older attempt still says is
refused by the broker.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, NamedTuple

from rantau.errors import ServingError

State = Literal["queued", "running", "stopping", "done", "stopped", "failed"]
Final = Literal["done", "stopped", "failed"]
FINAL: tuple[Final, ...] = ("done", "stopped", "failed")
Reason = Literal["eos", "length", "stop", "stopped", "error"]
REASONS: tuple[Reason, ...] = ("eos", "length", "stop", "stopped", "error")
PhaseName = Literal["prefill", "restarted"]
"""prefill = the prompt is read; restarted = another worker goes on with the answer"""


class EntryId(NamedTuple):
    """attempt >= 1, seq >= 1; compares as the broker compares."""

    attempt: int
    seq: int

    def __str__(self) -> str:
        return f"{self.attempt}-{self.seq}"

    @classmethod
    def of(cls, text: str) -> EntryId:
        """Raises   ServingError if the text is no `<attempt>-<seq>`"""
        attempt, dash, seq = text.partition("-")
        if not (dash and attempt.isdecimal() and seq.isdecimal() and attempt.isascii() and seq.isascii()):
            raise ServingError(f"{text!r} is no entry id. It has the form <attempt>-<seq>, such as 1-42.")
        return cls(int(attempt), int(seq))


START = EntryId(0, 0)
"""Before every entry: who has read nothing goes on from here."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A piece of the answer. ids: its tokens; text: what they add to it, "" while a character is incomplete;
    n_unnamed: further tokens, of an engine that is told no ids"""

    text: str
    ids: tuple[int, ...]
    n_unnamed: int = 0

    @property
    def n_tokens(self) -> int:
        return len(self.ids) + self.n_unnamed


@dataclass(frozen=True, slots=True)
class Phase:
    """What a worker does before the next piece; the first entry of every attempt."""

    name: PhaseName
    worker: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """The last entry.

    prompt_tokens  None if no worker counted them
    code           why it failed, for programs
    spoken_ms      from the first piece, whoever said it, to the end; None if nobody knows
    digest         of the weights that ended it; "" if the worker does not know
    dropped        old turns of the job that did not fit: the model did not see them
    """

    reason: Reason
    state: Final
    prompt_tokens: int | None = None
    code: str = ""
    spoken_ms: int | None = field(default=None, compare=False)
    digest: str = ""
    dropped: int = 0


Entry = Tokens | Phase | End


def to_fields(entry: Entry) -> dict[str, str]:
    """An entry as the fields of a stream entry."""
    match entry:
        case Tokens(text, ids, n_unnamed):
            unnamed = {"n": str(n_unnamed)} if n_unnamed else {}
            return {"k": "tok", "t": text, "i": ",".join(map(str, ids)), **unnamed}
        case Phase(name, worker):
            return {"k": "ph", "p": name, "w": worker}
        case End(reason, state):
            numbers = {"u": entry.prompt_tokens, "d": entry.spoken_ms, "o": entry.dropped or None}
            counted = {name: str(n) for name, n in numbers.items() if n is not None}
            words = {name: word for name, word in {"c": entry.code, "g": entry.digest}.items() if word}
            return {"k": "end", "r": reason, "s": state, **counted, **words}


def of_fields(fields: Mapping[str, str]) -> Entry:
    """Raises   ServingError for an entry of an unknown kind, state or reason"""
    kind = fields.get("k")
    if kind == "tok":
        ids = fields.get("i", "")
        return Tokens(fields.get("t", ""), tuple(int(i) for i in ids.split(",") if i), int(fields.get("n", 0)))
    if kind == "ph" and (name := fields.get("p")) in ("prefill", "restarted"):
        return Phase(name, fields.get("w", ""))  # type: ignore[arg-type]
    if kind == "end" and fields.get("r") in REASONS and fields.get("s") in FINAL:
        used, spoken = (int(n) if (n := fields.get(name)) else None for name in ("u", "d"))
        reason, state, digest, dropped = fields["r"], fields["s"], fields.get("g", ""), int(fields.get("o", 0))
        return End(reason, state, used, fields.get("c", ""), spoken, digest, dropped)  # type: ignore[arg-type]
    raise ServingError(f"the log has an entry of an unknown kind: {dict(fields)!r}. Is another version writing?")


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer is asked for.

    temperature  0 = the likeliest token each time
    stop         texts that end the answer; they are not part of it
    seed         of the draws; None = any
    """

    max_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 1.0
    top_k: int | None = None
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None


def in_vain(wish: Wish, cannot: Collection[str]) -> str | None:
    """A field that is asked for although an engine takes it at its neutral value alone; without a draw a seed is
    neutral. cannot: those fields"""
    neutral = {
        "top_k": not wish.top_k,
        "repetition_penalty": wish.repetition_penalty == 1,
        "seed": wish.seed is None or wish.temperature == 0,
    }
    return next((name for name in sorted(cannot) if not neutral[name]), None)


@dataclass(frozen=True, slots=True)
class Job:
    """A prompt that was accepted.

    generation  name of its log, unique for ever
    owner       who asked, for fair shares; never shown to a worker's engine
    model       name of the revision that answers
    messages    turns in order, each {"role", "content"}
    begun       tokens of an answer that was there before and is continued; the log holds only what is new
    begun_text  the same as text; alone where nobody kept the tokens
    whole       refused where it does not fit; else the model sees its newest turns
    """

    generation: str
    owner: str
    model: str
    messages: tuple[Mapping[str, str], ...]
    wish: Wish = field(default_factory=Wish)
    begun: tuple[int, ...] = ()
    begun_text: str = ""
    whole: bool = False

    def to_json(self) -> str:
        row = {name: value for name, value in asdict(self).items() if name != "whole" or value}
        return json.dumps(row, ensure_ascii=False, sort_keys=True)

    @classmethod
    def of_json(cls, text: str) -> Job:
        """Raises   ServingError if it is no job"""
        try:
            row = json.loads(text)
            wish = row.pop("wish")
            lists = {"messages": tuple(row["messages"]), "begun": tuple(row.get("begun", ()))}
            return cls(**{**row, **lists}, wish=Wish(**{**wish, "stop": tuple(wish["stop"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise ServingError(f"the queue holds a job that cannot be read: {error}.") from error
