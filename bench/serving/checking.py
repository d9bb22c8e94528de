"""The checker: what was promised of every prompt that was accepted, against what readers saw and what is kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.serving.soak_house import N_WORDS
from bench.serving.tabs import Asked, Tab
from rantau.serving.engines.fake import word
from rantau.serving.protocol import FINAL
from rantau.serving.queue import connect


@dataclass(frozen=True, slots=True)
class Verdict:
    """broken: sentences that say what was not kept; empty = the promise holds"""

    prompts: int
    states: Counter[str]
    continued: int
    reads: int
    sent_twice: int
    broken: tuple[str, ...]


def check(tabs: Sequence[Tab], broker: str, *, within_s: float = 180.0) -> Verdict:
    """Reads all answers to their end, asks for what is kept, and compares. The house must be calm."""
    broken = [f"tab {tab.number}: {tab.error!r}" for tab in tabs if tab.error]
    states: Counter[str] = Counter()
    for tab in tabs:
        for asked in tab.asked:
            try:
                tab.read(asked, within_s)
            except AssertionError as error:
                broken.append(str(error))
        broken += _kept(tab, states, within_s)
    broken += _left(broker, within_s)
    every = [asked for tab in tabs for asked in tab.asked]
    continued = sum(1 for asked in every if asked.ids and asked.ids[-1].attempt > 1)
    reads, twice = sum(tab.n_reads for tab in tabs), sum(tab.n_twice for tab in tabs)
    return Verdict(len(every), states, continued, reads, twice, tuple(broken))


def _kept(tab: Tab, states: Counter[str], within_s: float) -> list[str]:
    broken = []
    for talk in sorted({asked.talk for asked in tab.asked}):
        asked_here = {asked.message: asked for asked in tab.asked if asked.talk == talk}
        until = time.monotonic() + within_s
        while True:
            rows = tab.patiently("GET", f"/api/talks/{talk}")["messages"]
            answers = [row for row in rows if row["role"] == "assistant"]
            if all(row["state"] in FINAL for row in answers) or time.monotonic() > until:
                break
            time.sleep(0.2)
        if sorted(row["id"] for row in answers) != sorted(asked_here):
            broken.append(f"talk {talk}: {len(asked_here)} prompts were accepted, {len(answers)} answers are kept")
        for row in answers:
            states[row["state"]] += 1
            if row["id"] in asked_here:
                broken += _same(asked_here[row["id"]], row["state"], row["text"], row["generation"])
    return broken


def _same(asked: Asked, state: str, text: str, generation: str) -> list[str]:
    """What a reader saw is what is kept: its own words, each once, in order."""
    whole = "".join(word(place, asked.mark) for place in range(N_WORDS))
    claims = {
        f"it ended once, in order ({asked.wrong})": asked.wrong is None and asked.end is not None,
        f"its state is {state}": state == "done" or (state == "stopped" and asked.stopped),
        "the reader saw the state that is kept": asked.end is not None and asked.end["s"] == state,
        "the reader saw the text that is kept": asked.text == text,
        "it is the model's text": text == whole if state == "done" else whole.startswith(text),
        "it has its first name": generation == asked.generation,
        "the end counts its characters": asked.end is None or asked.end.get("n", len(text)) == len(text),
    }
    return [
        f"{asked.client_id} ({asked.generation}): not true: {claim}" for claim, true in claims.items() if not true
    ]


def _left(broker: str, within_s: float) -> list[str]:
    """Nothing waits, nothing is held, nobody's place is taken."""
    client, until = connect(broker), time.monotonic() + within_s
    while True:
        pending = client.xpending("{rantau}:jobs:main", "w")["pending"]
        left = {
            "jobs": client.xlen("{rantau}:jobs:main"), "held jobs": pending, "ends": client.xlen("{rantau}:done"),
            "places": sum(client.zcard(key) for key in client.scan_iter("{rantau}:inflight:*")),
        }  # fmt: skip
        if not any(left.values()) or time.monotonic() > until:
            client.close()
            return [f"{n} {what} are left in the broker" for what, n in left.items() if n]
        time.sleep(0.1)
