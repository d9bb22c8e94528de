"""What a worker asks of an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rantau.errors import ServingError
from rantau.serving.protocol import Job, Reason, Tokens


class Refused(ServingError):
    """A prompt that this engine cannot answer, now or ever. code: for programs, such as too_long"""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Begun:
    """prompt_tokens: of the talk and of job.begun, None if the engine does not count them; text: what the tokens
    in `said` amount to, in whole characters, without job.begun_text; digest: of the weights that answer, "" if
    nobody knows; dropped: old turns that did not fit"""

    prompt_tokens: int | None
    text: str
    digest: str = ""
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of the answer to `name`."""

    name: str
    piece: Tokens


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer to `name` is over; nothing comes after it. code: of an error, for programs. A character that an
    answer of any reason but eos has cut in two is not said: whoever goes on with it says it whole"""

    name: str
    reason: Reason
    code: str = ""


class Engine(Protocol):
    """One thread calls it."""

    slots: int
    """Answers that it makes at once."""

    models: tuple[str, ...]
    """Names of the revisions that it answers as."""

    @property
    def digests(self) -> Mapping[str, str]:
        """Name of a revision -> of its weights as they are loaded; without those that nobody knows."""
        ...

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        """Takes a prompt on.

        name  what its pieces are called
        said  tokens of the answer that another worker has made: it goes on behind job.begun and them
        text  what of them stands in the log; alone where an engine was not told all ids: `said` is empty then
        Raises   Refused, also for a wish that it cannot grant
        """
        ...

    def step(self) -> list[Heard | Ended]:
        """What came since the last call; waits a moment for it, and never long when a prompt is on."""
        ...

    def cancel(self, name: str) -> None:
        """Nothing more is heard of it."""
        ...

    def close(self) -> None:
        """Ends its threads and gives its memory back; nothing is asked of it afterwards."""
        ...
