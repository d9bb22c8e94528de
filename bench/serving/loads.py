"""Loads on an engine: who asks when, and what is counted. Nothing depends on the clock but what is measured."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from bench.serving.material import Material
from rantau.serving.engines.engine import Ended, Engine, Heard


@dataclass(frozen=True, slots=True)
class Measured:
    """first_s: seconds from a prompt to its first token, the median and that of who waited longest, or of the late
    joiner alone; gap_s: longest time between two tokens of one answer; cpu_s: of all threads of the process"""

    streams: int
    n_tokens: int
    wall_s: float
    cpu_s: float
    first_s: tuple[float, float]
    gap_s: float
    machine_load: float
    engine: str = ""
    load: str = ""

    @property
    def cpu_tokens_s(self) -> float:
        return self.n_tokens / self.cpu_s

    def named(self, engine: str, load: str) -> Measured:
        return replace(self, engine=engine, load=load)


@dataclass(slots=True)
class Clock:
    """Times of every answer's tokens."""

    asked: dict[str, float] = field(default_factory=dict)
    said: dict[str, list[float]] = field(default_factory=dict)
    n_tokens: int = 0

    def ask(self, name: str) -> None:
        self.asked[name], self.said[name] = time.perf_counter(), []

    def hear(self, name: str, n: int) -> None:
        self.said[name].append(time.perf_counter())
        self.n_tokens += n

    def first_s(self, name: str) -> float:
        return self.said[name][0] - self.asked[name]

    def gap_s(self) -> float:
        return max((b - a for times in self.said.values() for a, b in pairwise(times)), default=0)


_used = 0


def _run(
    engine: Engine, material: Material, streams: int, n_tokens: int, model: str,
    ready: Callable[[int, Clock], bool],
) -> tuple[Measured, Clock]:  # fmt: skip
    """ready: whether prompt n may be asked now"""
    global _used
    clock, going, n, load = Clock(), set[str](), 0, os.getloadavg()[0]
    start, _used = _used, _used + streams
    wall, cpu = time.perf_counter(), time.process_time()
    while n < streams or going:
        while n < streams and (ready(n, clock) or not going):
            clock.ask(str(n))
            engine.submit(str(n), material.job(start + n, n_tokens, model), [])
            going.add(str(n))
            n += 1
        for what in engine.step():
            if isinstance(what, Heard):
                clock.hear(what.name, what.piece.n_tokens)
            elif isinstance(what, Ended):
                going.discard(what.name)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    firsts = sorted(clock.first_s(name) for name, said in clock.said.items() if said)
    found = Measured(streams, clock.n_tokens, wall, cpu, (median(firsts), firsts[-1]), clock.gap_s(), load)
    return found, clock


def all_at_once(engine: Engine, material: Material, streams: int, n_tokens: int, model: str) -> Measured:
    return _run(engine, material, streams, n_tokens, model, lambda *_: True)[0]


def one_by_one(engine: Engine, material: Material, streams: int, n_tokens: int, model: str) -> Measured:
    """Each prompt comes when those before it have said three tokens each: nobody begins with another."""
    return _run(
        engine, material, streams, n_tokens, model, lambda n, clock: clock.n_tokens >= 3 * n * (n + 1) / 2
    )[0]


def joining(engine: Engine, material: Material, streams: int, n_tokens: int, model: str) -> Measured:
    """All but one ask at once; the last one when each of them has said eight tokens."""

    def ready(n: int, clock: Clock) -> bool:
        return n < streams - 1 or all(len(clock.said.get(str(m), ())) >= 8 for m in range(streams - 1))

    found, clock = _run(engine, material, streams, n_tokens, model, ready)
    late = clock.first_s(str(streams - 1))
    return replace(found, first_s=(late, late))


def first_come(material: Material, streams: int, n_tokens: int) -> Measured:
    """Answers one after another, as a chat without batches makes them."""
    from rantau.model.stream import Sampling, stream

    clock, load = Clock(), os.getloadavg()[0]
    for n in range(streams):
        clock.ask(str(n))
    wall, cpu = time.perf_counter(), time.process_time()
    sampling = Sampling(temperature=0, repetition_penalty=1, max_new_tokens=n_tokens)
    for n in range(streams):
        reading = material.reader.read(material.job(n, n_tokens, ""), ())
        for _ in stream(material.model, material.reader.tokenizer, list(reading.ids), sampling,
                        stop_ids=material.reader.stops):  # fmt: skip
            clock.hear(str(n), 1)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    firsts = sorted(clock.first_s(str(n)) for n in range(streams))
    return Measured(streams, clock.n_tokens, wall, cpu, (median(firsts), firsts[-1]), clock.gap_s(), load)
