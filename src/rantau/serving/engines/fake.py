"""An engine without a model, for tests: it says numbered words, the same ones for the same prompt and place."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rantau.serving.engines.building import Asked, Says
from rantau.serving.engines.engine import Begun, Ended, Heard, Refused
from rantau.serving.protocol import Job, Tokens

REFUSED = "(refuse)"
HUNG = "(hang)"
DEADLY = "(die)"
WORDS = ("satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh")


def word(place: int, mark: str = "") -> str:
    return f"{mark}{WORDS[place % len(WORDS)]}{place} "


def mark_of(job: Job) -> str:
    """A question with #mark is answered with the mark in every word: nobody's answer is taken for another's."""
    found = re.findall(r"#(\w+)", job.messages[-1]["content"] if job.messages else "")
    return str(found[-1]) if found else ""  # questions without an answer between them come as one


@dataclass(eq=False)
class FakeEngine:
    """n_words: of an answer, beyond what it continues; words_per_s: pace of each one, 0 = as fast as it is asked.

    A prompt that holds (refuse), (hang) or (die) is refused, stops the engine for good, ends the process.
    """

    slots: int = 4
    models: tuple[str, ...] = ("fake",)
    n_words: int = 40
    words_per_s: float = 0.0
    digests: dict[str, str] = field(default_factory=dict)
    _on: dict[str, tuple[Job, int]] = field(default_factory=dict)

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        asked = job.messages[-1]["content"] if job.messages else ""
        if REFUSED in asked:
            raise Refused("too_long", "the prompt says so")
        if DEADLY in asked:
            raise SystemExit(86)
        while HUNG in asked:
            time.sleep(60)
        if job.model not in self.models:
            raise Refused("model_gone", f"{job.model} is not here, but {', '.join(self.models)}.")
        self._on[name] = (job, len(job.begun) + len(said))
        text = "".join(word(place, mark_of(job)) for place in said)
        return Begun(len(asked.split()), text, self.digests.get(job.model, ""))

    def step(self) -> list[Heard | Ended]:
        time.sleep(1 / self.words_per_s if self.words_per_s and self._on else 0.0005)
        heard: list[Heard | Ended] = []
        for name, (job, place) in list(self._on.items()):
            if place >= self.n_words + len(job.begun):
                del self._on[name]
                heard.append(Ended(name, "eos"))
                continue
            heard.append(Heard(name, Tokens(word(place, mark_of(job)), (place,))))
            self._on[name] = (job, place + 1)
        return heard

    def cancel(self, name: str) -> None:
        self._on.pop(name, None)

    def close(self) -> None:
        self._on.clear()


def build(asked: Asked, says: Says) -> FakeEngine:
    """In the place of the revisions of the runs, which need not be there. Options: words, pace (words per second),
    loading (seconds)."""
    models = tuple(
        f"{run.name}{'-base' if kind == 'base' else ''}" for run in asked.runs for kind in asked.kinds
    )  # fmt: skip
    loading = float(asked.option("loading", "0"))
    for step in range(10):
        says(step / 10, "pretending to load")
        time.sleep(loading / 10)
    pace = float(asked.option("pace", "20"))
    return FakeEngine(asked.slots, models or ("fake",), int(asked.option("words", "40")), pace)
