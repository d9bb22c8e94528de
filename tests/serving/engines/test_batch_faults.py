"""A batch of transformers that dies or hangs: no answer ends by it, each goes on with another worker."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau.chat import template_for
from rantau.errors import ServingError
from rantau.machine import Machine
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Formatting, Model
from rantau.serving.broker import Broker
from rantau.serving.engines import transformers as engines
from rantau.serving.engines.engine import Ended
from rantau.serving.engines.transformers import TransformersEngine
from rantau.serving.protocol import Job, Wish
from rantau.serving.queue import Admission, Claims, Presence, connect, move_in, read_log
from rantau.serving.worker import Pace, Worker
from tests.serving.engines.test_killed import worker
from tests.serving.test_worker_process import MOST_TRIES
from tests.serving.tiny_run import write_run
from tests.waiting import until

N_STEPS = 3
ASKED = Job("g", "ana", "tiny", ({"role": "user", "content": "halo"},), Wish(max_tokens=200, temperature=0))


class Fault:
    """What becomes of the steps of an answer: it stands still after so many, however fast they are."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.free = threading.Event()
        self.n_left = N_STEPS

    def __call__(self, *_: Any) -> None:
        if self.n_left:
            self.n_left -= 1
            return
        self.free.wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def fault() -> Fault:
    return Fault()


@pytest.fixture
def engine(lively_base: Path, fault: Fault) -> Iterator[TransformersEngine]:
    asked = Model(base=str(lively_base))
    tokenizer, model = load_tokenizer(asked), load_base(asked, Machine())
    model.register_forward_pre_hook(fault)
    template = template_for(Formatting(template="chatml"), tokenizer)
    made = TransformersEngine(model, tokenizer, template, name="tiny", slots=2, context=256)
    yield made
    fault.free.set()
    made.close()


def test_a_batch_that_dies_ends_no_answer(engine: TransformersEngine, fault: Fault) -> None:
    engine.submit("g", ASKED, [])
    heard = until(engine.step)
    fault.error = RuntimeError("out of memory")
    fault.free.set()
    with pytest.raises(ServingError, match="died"):
        until(lambda: heard.extend(engine.step()))
    assert not any(isinstance(what, Ended) for what in heard)


def test_a_batch_that_hangs_ends_its_worker(
    engine: TransformersEngine, fault: Fault, server: Broker, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "STILL_S", 0.2)
    hung = threading.Event()
    claims, beats = (Claims(connect(server.url), "w1", idle_ms=200) for _ in range(2))
    made = Worker(claims, beats, engine, Pace(wait_ms=20, hang_s=0.2), on_hang=hung.set)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    Admission(client).admit(ASKED, message="g")
    until(lambda: len(read_log(client, "g")) > 1)
    until(hung.is_set)
    fault.free.set()
    made.stopping.set()
    thread.join()


def test_a_worker_that_fails_is_not_held_back_by_its_batch(
    client: Any, server: Broker, lively_base: Path, tmp_path: Path
) -> None:
    """It would be there for ever and answer nobody, and whoever starts it again would not know."""
    run = write_run(tmp_path / "runs" / "demo", lively_base)
    assert any(sent_away_while_it_loads(client, run, server.url) for _ in range(MOST_TRIES))


def sent_away_while_it_loads(client: Any, run: Path, url: str) -> bool:
    """False if it had loaded before another chat could move in: then it answers this one."""
    client.flushall()
    with worker(run, url, "w1") as process:
        until(lambda: Presence(client).all().get("w1"))
        move_in(client, "another", ["other"])
        until(lambda: process.poll() is not None or Presence(client).all().get("w1", {}).get("state") == "ready")
        assert process.poll() in (None, 2)
        return process.poll() == 2
