"""An engine without a model, for tests: it says numbered words, the same ones for the same prompt and place."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rantau.serving.engines.engine import Begun, Ended, Heard, Refused
from rantau.serving.protocol import Job, Tokens

REFUSED = "(refuse)"
HUNG = "(hang)"
DEADLY = "(die)"
WORDS = ("satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh")


def word(place: int) -> str:
    return f"{WORDS[place % len(WORDS)]}{place} "


@dataclass
class FakeEngine:
    """n_words: length of an answer; words_per_s: pace of each one, 0 = as fast as it is asked.

    A prompt that holds (refuse), (hang) or (die) is refused, stops the engine for good, ends the process.
    """

    slots: int = 4
    models: tuple[str, ...] = ("fake",)
    n_words: int = 40
    words_per_s: float = 0.0
    _on: dict[str, tuple[Job, int]] = field(default_factory=dict)

    def submit(self, name: str, job: Job, said: Sequence[int]) -> Begun:
        asked = job.messages[-1]["content"] if job.messages else ""
        if REFUSED in asked:
            raise Refused("too_long", "the prompt says so")
        if DEADLY in asked:
            raise SystemExit(86)
        while HUNG in asked:
            time.sleep(60)
        self._on[name] = (job, len(said))
        return Begun(len(asked.split()), "".join(map(word, said)))

    def step(self) -> list[Heard | Ended]:
        time.sleep(1 / self.words_per_s if self.words_per_s and self._on else 0.0005)
        heard: list[Heard | Ended] = []
        for name, (job, place) in list(self._on.items()):
            if place >= self.n_words:
                del self._on[name]
                heard.append(Ended(name, "eos"))
                continue
            heard.append(Heard(name, Tokens(word(place), (place,))))
            self._on[name] = (job, place + 1)
        return heard

    def cancel(self, name: str) -> None:
        self._on.pop(name, None)
