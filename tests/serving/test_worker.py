"""A worker: what it writes, how it stops, and what it leaves to others."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from rantau.serving.answer import Answer
from rantau.serving.broker import Broker
from rantau.serving.engines import Begun, Refused
from rantau.serving.engines.fake import HUNG, REFUSED, FakeEngine, word
from rantau.serving.protocol import End, EntryId, Job, Phase, Tokens, Wish
from rantau.serving.queue import Admission, BrokerLost, Claims, Held, Limits, Presence, connect, read_log
from rantau.serving.worker import Pace, Worker
from tests.serving.test_queue import lose_the_end
from tests.waiting import until

IDLE_MS, PATIENT_MS = 120, 10_000


@contextmanager
def working(server: Broker, engine: FakeEngine, *, idle_ms: int = PATIENT_MS, **pace: float) -> Iterator[Worker]:
    claims, beats = (Claims(connect(server.url), "w1", idle_ms=idle_ms, max_attempts=99) for _ in range(2))
    worker = Worker(claims, beats, engine, Pace(wait_ms=20, **pace))  # type: ignore[arg-type]
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.stopping.set()
        thread.join(60)


def ask(client: Any, name: str, content: str = "halo", **wish: Any) -> Admission:
    admission = Admission(client, limits=Limits(each_owner=99))
    admission.admit(Job(name, "ana", "fake", ({"role": "user", "content": content},), Wish(**wish)), message=name)
    return admission


def end_of(client: Any, name: str) -> End:
    def found() -> End | None:
        log = read_log(client, name)
        return log[-1][1] if log and isinstance(log[-1][1], End) else None

    end: End = until(found)
    return end


def text_of(client: Any, name: str) -> str:
    return "".join(e.text for _, e in read_log(client, name) if isinstance(e, Tokens))


def test_prompts_are_answered_together(client: Any, server: Broker) -> None:
    for n in range(6):
        ask(client, f"g{n}")
    with working(server, FakeEngine(slots=4, n_words=30)):
        assert {end_of(client, f"g{n}") for n in range(6)} == {End("eos", "done", 1)}
    whole = "".join(map(word, range(30)))
    assert {text_of(client, f"g{n}") for n in range(6)} == {whole}
    log = read_log(client, "g0")
    assert [i.seq for i, _ in log] == list(range(1, len(log) + 1))


@pytest.mark.parametrize(
    ("wish", "text", "reason"),
    [
        ({"max_tokens": 3}, "satu0 dua1 tiga2 ", "length"),
        ({"stop": ("tiga",)}, "satu0 dua1 ", "stop"),
        ({"stop": ("1 tiga2 em", "never")}, "satu0 dua", "stop"),
    ],
)
def test_an_answer_ends_as_it_was_wished(
    client: Any, server: Broker, wish: dict[str, Any], text: str, reason: str
) -> None:
    ask(client, "g", **wish)
    with working(server, FakeEngine(n_words=20)):
        assert end_of(client, "g").reason == reason
    assert text_of(client, "g") == text


def test_stop_ends_an_answer_and_keeps_what_was_said(client: Any, server: Broker) -> None:
    admission = ask(client, "g")
    with working(server, FakeEngine(n_words=10_000, words_per_s=100)):
        until(lambda: text_of(client, "g"))
        assert admission.cancel("g", "ana") == "stopping"
        assert end_of(client, "g") == End("stopped", "stopped", 1)
    said = text_of(client, "g")
    assert said and "".join(map(word, range(10_000))).startswith(said)


def test_a_prompt_that_the_engine_refuses_fails_and_says_why(client: Any, server: Broker) -> None:
    ask(client, "g", REFUSED)
    with working(server, FakeEngine()):
        assert end_of(client, "g") == End("error", "failed", None, "too_long")


def test_a_worker_that_is_stopped_gives_back_what_it_cannot_end(client: Any, server: Broker) -> None:
    ask(client, "g")
    with working(server, FakeEngine(n_words=10_000, words_per_s=100), drain_s=0.1):
        until(lambda: text_of(client, "g"))
    (held,) = Claims(client, "w2", idle_ms=60_000).claim(1)
    said = [e.ids for _, e in read_log(client, "g") if isinstance(e, Tokens)]
    assert held.attempt == 2 and [i for ids in said for i in ids] == list(range(sum(map(len, said))))


class Hanging(FakeEngine):
    """Until it is freed: its worker must not outlive the test, and say in the next one that it is there."""

    def __init__(self, **pace: float) -> None:
        super().__init__(n_words=10_000, **pace)  # type: ignore[arg-type]
        self.free = threading.Event()

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        if HUNG in job.messages[-1]["content"]:
            self.free.wait()
            raise Refused("late", "it has hung")
        return super().submit(name, job, said, text)


def test_a_hung_engine_loses_its_job(client: Any, server: Broker) -> None:
    ask(client, "fine")
    engine = Hanging(words_per_s=50)
    with working(server, engine, hang_s=0.2, drain_s=0.0, idle_ms=IDLE_MS):
        until(lambda: text_of(client, "fine"))
        ask(client, "hung", HUNG)
        until(lambda: Admission(client).state("hung") == "running")
        second, taken = Claims(client, "w2", idle_ms=IDLE_MS, max_attempts=99), set()
        until(lambda: taken.update(h.job.generation for h in second.claim(2)) or len(taken) == 2)
        engine.free.set()
    assert taken == {"fine", "hung"}


def test_a_worker_says_that_it_is_there(client: Any, server: Broker) -> None:
    presence = Presence(connect(server.url))
    with working(server, FakeEngine(slots=3, digests={"fake": "sha256:aa"})):
        said = until(presence.all)
    assert said["w1"] == {
        "pool": "main", "state": "ready", "models": "fake", "slots": "3", "running": "0", "what": "",
        "tokens": "0", "digests": "sha256:aa",
    }  # fmt: skip
    assert presence.all() == {}  # it has left


def test_an_answer_names_the_weights_that_ended_it(client: Any, server: Broker) -> None:
    """Begun by a worker with the old ones, ended by one with the new."""
    ask(client, "g")
    with working(server, FakeEngine(n_words=60, words_per_s=5, digests={"fake": "old"}), drain_s=0.0):
        until(lambda: text_of(client, "g"))
    with working(server, FakeEngine(n_words=60, digests={"fake": "new"})):
        assert end_of(client, "g") == End("eos", "done", 1, digest="new")
    assert text_of(client, "g") == "".join(map(word, range(60)))


def test_the_time_since_the_first_piece_survives_its_worker(client: Any, server: Broker) -> None:
    ask(client, "g")
    with working(server, FakeEngine(n_words=60, words_per_s=5), drain_s=0.0):
        until(lambda: text_of(client, "g"))
    time.sleep(0.3)
    with working(server, FakeEngine(n_words=60)):
        end = end_of(client, "g")
    assert end.spoken_ms is not None and 300 <= end.spoken_ms < 200_000


def test_what_was_stopped_between_two_workers_has_its_time(client: Any, server: Broker) -> None:
    admission = ask(client, "g")
    with working(server, FakeEngine(n_words=10_000, words_per_s=100), drain_s=0.0):
        until(lambda: text_of(client, "g"))
    admission.cancel("g", "ana")
    assert Claims(client, "w2", idle_ms=0).claim(1) == []
    end = end_of(client, "g")
    assert end == End("stopped", "stopped") and end.spoken_ms is not None


def test_nobody_spoke_where_no_piece_was_written(client: Any) -> None:
    ask(client, "g")
    (first,) = (claims := Claims(client, "w1", idle_ms=0)).claim(1)
    claims.release(first)
    (second,) = Claims(client, "w2", idle_ms=0).claim(1)
    assert (first.spoken_ms, second.spoken_ms) == (None, None)


def test_a_broker_that_comes_back_with_nothing_is_served_on(client: Any, server: Broker) -> None:
    with working(server, FakeEngine(n_words=3)):
        ask(client, "before")
        end_of(client, "before")
        client.flushall()
        ask(client, "after")
        assert end_of(client, "after").reason == "eos"


def answer(**wish: Any) -> Answer:
    return Answer(Held("1-0", Job("g", "ana", "m", (), Wish(**wish)), EntryId(1, 2)), EntryId(1, 2))


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_stop_text_is_found_wherever_it_is_cut(cut: int) -> None:
    made = answer(stop=("###",))
    whole, said = "ab#c##d###e", ""
    for start in range(0, len(whole), cut):
        made.hear(Tokens(whole[start : start + cut], (start,)))
        said += piece.text if (piece := made.take()) else ""
        assert "ab#c##d".startswith(said)
    assert said == "ab#c##d" and made.over == "stop"


def test_a_stop_text_is_found_across_a_crash() -> None:
    first = answer(stop=("END",))
    first.hear(Tokens("so EN", (1, 2)))
    assert first.take() == Tokens("so ", (1, 2))  # its tokens are in the log, its last letters are not
    second = answer(stop=("END",))
    second.resume("so EN", "so ")
    second.hear(Tokens("D of it", (3,)))
    assert second.take() == Tokens("", (3,)) and second.over == "stop"


def test_the_first_entry_of_an_attempt_names_its_worker(client: Any, server: Broker) -> None:
    ask(client, "g")
    with working(server, FakeEngine(n_words=1)):
        end_of(client, "g")
    assert read_log(client, "g")[0] == (EntryId(1, 1), Phase("prefill", "w1"))


def test_what_a_broker_lost_is_written_again(client: Any, server: Broker) -> None:
    """Power was cut: what was not on its disk yet is gone, and readers have seen it."""
    ask(client, "g")
    with working(server, engine := FakeEngine(n_words=200, words_per_s=25)):
        until(lambda: len(read_log(client, "g")) > 12)
        seen = lose_the_end(client, "g", keep=3)
        engine.words_per_s = 0.0
        end_of(client, "g")
    log = read_log(client, "g")
    assert log[: len(seen)] == seen and [i.seq for i, _ in log] == list(range(1, len(log) + 1))
    assert text_of(client, "g") == "".join(map(word, range(200)))


def test_what_nobody_has_any_more_is_answered_anew(client: Any, server: Broker) -> None:
    ask(client, "g")
    with working(server, engine := FakeEngine(n_words=200, words_per_s=25)):
        until(lambda: len(read_log(client, "g")) > 5)
        lose_the_end(client, "g", keep=0)  # also the first entry, which no worker writes
        engine.words_per_s = 0.0
        end_of(client, "g")
    log = read_log(client, "g")
    assert [i.seq for i, _ in log] == list(range(1, len(log) + 1)) and log[0][0].attempt > 1
    assert text_of(client, "g") == "".join(map(word, range(200)))


class Clock:
    """Time that passes as it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_an_engine_that_waits_for_the_broker_does_not_hang(
    client: Any, server: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent broker keeps each question waiting; two of them take longer than an engine may."""
    hung, asked, clock = threading.Event(), list[float](), Clock()

    def silent(*_: Any, **__: Any) -> Any:
        clock.now += 1.0
        asked.append(clock.now)
        time.sleep(IDLE_MS / 1000)  # the thread that beats looks at it several times
        raise BrokerLost("the broker: silent")

    monkeypatch.setattr("rantau.serving.worker.time", clock)
    with working(server, FakeEngine(), hang_s=1.7, idle_ms=IDLE_MS) as worker:
        worker._on_hang = hung.set
        until(lambda: Presence(client).all())
        monkeypatch.setattr(Claims, "prepare", silent)
        monkeypatch.setattr(Claims, "claim", silent)
        until(lambda: len(asked) > 4)
    assert not hung.is_set()
