"""The queue against a model of it in memory: any order of what people, workers and finalizers may do."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from rantau.serving.broker import Broker
from rantau.serving.protocol import START, End, Entry, EntryId, Job, Phase, Tokens
from rantau.serving.queue import Admission, Claims, Finals, Held, Limits, connect, read_log

OPEN, FINAL = ("queued", "running", "stopping"), ("done", "stopped", "failed")
OWNERS, WORKERS = ("ana", "budi"), ("w1", "w2")
LIMITS, TRIES, PATIENT_MS = Limits(jobs=4, each_owner=3), 3, 10**7
JOBS, ENDS = "{rantau}:jobs:main", "{rantau}:done"


@dataclass
class Asked:
    """A prompt as the model knows it. taken: by whom, also by one who has crashed; free: given back"""

    name: str
    owner: str
    state: str = "queued"
    attempt: int = 0
    forgiven: int = 0
    taken: str | None = None
    free: bool = False
    log: list[tuple[EntryId, Entry]] = field(default_factory=list)
    kept: bool = False

    @property
    def next(self) -> EntryId:
        return EntryId(self.attempt, len(self.log) + 1)

    def say(self, entry: Entry) -> None:
        self.log.append((self.next, entry))

    def end(self, end: End) -> None:
        self.say(end)
        self.state = end.state


@dataclass
class Reader:
    name: str
    seen: list[tuple[EntryId, Entry]] = field(default_factory=list)


class Queue(RuleBasedStateMachine):
    """Held: what a worker believes to have, rightly or not."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.client = connect(self.url)
        self.client.flushall()
        self.asked: dict[str, Asked] = {}
        self.held: list[tuple[str, Held, EntryId]] = []
        self.readers: list[Reader] = []
        self.admission = Admission(self.client, limits=LIMITS)
        self.claims = {w: Claims(self.client, w, idle_ms=PATIENT_MS, max_attempts=TRIES) for w in WORKERS}
        self.finals = Finals(self.client, "f", idle_ms=0)
        self.claims["w1"].prepare()
        self.finals.prepare()

    def teardown(self) -> None:
        self.client.close()

    def open(self, owner: str | None = None) -> list[Asked]:
        return [a for a in self.asked.values() if a.state in OPEN and owner in (None, a.owner)]

    @rule(owner=st.sampled_from(OWNERS), twice=st.booleans())
    def submit(self, owner: str, twice: bool) -> None:
        name = f"g{len(self.asked)}"
        expected: tuple[str, str | None] = ("accepted", name)
        if len(self.open()) >= LIMITS.jobs:
            expected = ("full", None)
        elif len(self.open(owner)) >= LIMITS.each_owner:
            expected = ("too_many", None)
        assert self.admission.admit(Job(name, owner, "m", ()), message=name) == expected
        if expected[0] == "accepted":
            self.asked[name] = Asked(name, owner)
            if twice:
                assert self.admission.admit(Job("x", owner, "m", ()), message=name) == ("known", name)

    @rule(worker=st.sampled_from(WORKERS), count=st.integers(1, 3))
    def claim(self, worker: str, count: int) -> None:
        """What was given back, then what nobody has had."""
        self._claim(self.claims[worker], count, [a for a in self.open() if a.taken and a.free])

    @rule(worker=st.sampled_from(WORKERS), count=st.integers(1, 3))
    def claim_what_expired(self, worker: str, count: int) -> None:
        """To this one any silence is too long, also its own."""
        self._claim(replace(self.claims[worker], idle_ms=0), count, [a for a in self.open() if a.taken])

    def _claim(self, claims: Claims, count: int, dropped: list[Asked]) -> None:
        new = [a for a in self.open() if a.taken is None]
        begun = [a for a in (dropped + new)[:count] if self._begin(a, claims.worker)]
        held = claims.claim(count)
        assert [(h.job.generation, h.first) for h in held] == [(a.name, a.next) for a in begun]
        self.held += [(claims.worker, h, h.first) for h in held]

    def _begin(self, asked: Asked, worker: str) -> bool:
        asked.attempt, asked.taken, asked.free = asked.attempt + 1, worker, False
        if asked.state == "stopping":
            asked.end(End("stopped", "stopped"))
        elif asked.attempt - asked.forgiven > TRIES:
            asked.end(End("error", "failed", None, "poison"))
        else:
            asked.state = "running"
            asked.say(Phase("restarted" if asked.attempt > 1 else "prefill", worker))
            return True
        return False

    @precondition(lambda self: self.held)
    @rule(place=st.integers(0, 99), twice=st.booleans())
    def step(self, place: int, twice: bool) -> None:
        """One word more; a worker that has lost its job is refused, and forgets it."""
        place %= len(self.held)
        worker, held, at = self.held[place]
        asked, piece = self.asked[held.job.generation], Tokens(f"{at.seq} ", (at.seq,))
        expected = "fenced"
        if asked.attempt == held.attempt and asked.state in OPEN:
            asked.say(piece)
            expected = asked.state
        assert self.claims[worker].write([(held, at, piece)] * (2 if twice else 1)) == [expected] * (1 + twice)
        self.held[place] = (worker, held, EntryId(at.attempt, at.seq + 1))
        if expected == "fenced":
            del self.held[place]

    @precondition(lambda self: self.held)
    @rule(place=st.integers(0, 99), twice=st.booleans())
    def finish(self, place: int, twice: bool) -> None:
        worker, held, at = self.held.pop(place % len(self.held))
        asked = self.asked[held.job.generation]
        end = End("stopped", "stopped") if asked.state == "stopping" else End("eos", "done", 1)
        mine = asked.attempt == held.attempt and asked.state in OPEN
        if mine:
            asked.end(end)
        for _ in range(1 + twice):
            assert self.claims[worker].finish(held, at, end) == mine

    @precondition(lambda self: self.held)
    @rule(place=st.integers(0, 99), blame=st.booleans())
    def give_back(self, place: int, blame: bool) -> None:
        worker, held, _ = self.held.pop(place % len(self.held))
        self.claims[worker].release(held, blame=blame)
        asked = self.asked[held.job.generation]
        if asked.attempt == held.attempt:
            asked.forgiven += not blame
            asked.free = True

    @rule(worker=st.sampled_from(WORKERS))
    def beat(self, worker: str) -> None:
        mine = [held for w, held, _ in self.held if w == worker]
        rows = [(held, self.asked[held.job.generation]) for held in mine]
        lost = [held for held, asked in rows if asked.attempt != held.attempt or asked.state in FINAL]
        assert self.claims[worker].beat(mine) == lost

    @rule(worker=st.sampled_from(WORKERS))
    def crash(self, worker: str) -> None:
        self.held = [row for row in self.held if row[0] != worker]

    @precondition(lambda self: self.asked)
    @rule(place=st.integers(0, 99))
    def cancel(self, place: int) -> None:
        asked = list(self.asked.values())[place % len(self.asked)]
        if asked.state == "queued":
            asked.attempt += 1
            asked.end(End("stopped", "stopped"))
        elif asked.state == "running":
            asked.state = "stopping"
        assert self.admission.cancel(asked.name, asked.owner) == asked.state

    @rule(count=st.integers(1, 3), dies=st.booleans())
    def keep(self, count: int, dies: bool) -> None:
        """Each end is told until it is kept."""
        for ended in self.finals.take(count):
            asked = self.asked[ended.generation]
            assert (asked.state, asked.kept) == (ended.state, False)
            if not dies:
                self.finals.persisted(ended)
                asked.kept = True

    @precondition(lambda self: self.asked)
    @rule(place=st.integers(0, 99))
    def open_reader(self, place: int) -> None:
        self.readers.append(Reader(list(self.asked)[place % len(self.asked)]))

    @precondition(lambda self: self.readers)
    @rule(place=st.integers(0, 99), count=st.integers(1, 9))
    def read(self, place: int, count: int) -> None:
        """Some of what is new; then its connection falls."""
        reader = self.readers[place % len(self.readers)]
        after = reader.seen[-1][0] if reader.seen else START
        reader.seen += read_log(self.client, reader.name, after)[:count]
        log = self.asked[reader.name].log
        assert timeless(reader.seen) == log[: len(reader.seen)]

    @invariant()
    def broker_is_as_the_model(self) -> None:
        open_ = self.open()
        assert [fields["gen"] for _, fields in self.client.xrange(JOBS)] == [a.name for a in open_]
        assert self.client.xpending(JOBS, "w")["pending"] == sum(a.taken is not None for a in open_)
        unkept = {a.name for a in self.asked.values() if a.state in FINAL and not a.kept}
        assert {fields["gen"] for _, fields in self.client.xrange(ENDS)} == unkept
        for owner in OWNERS:
            assert self.client.zcard(f"{{rantau}}:inflight:{owner}") == len(self.open(owner))
        for asked in self.asked.values():
            assert timeless(read_log(self.client, asked.name)) == asked.log


def timeless(log: list[tuple[EntryId, Entry]]) -> list[tuple[EntryId, Entry]]:
    """Without what depends on the clock."""
    return [(id_, replace(entry, spoken_ms=None) if isinstance(entry, End) else entry) for id_, entry in log]


@pytest.mark.usefixtures("client")
def test_the_queue_does_what_its_model_does(server: Broker) -> None:
    machine = type("Machine", (Queue,), {"url": server.url})
    run_state_machine_as_test(
        machine, settings=settings(
            max_examples=60, stateful_step_count=30, derandomize=True, database=None
        ),
    )  # fmt: skip
