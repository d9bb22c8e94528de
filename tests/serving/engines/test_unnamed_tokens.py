"""An engine that is told no token ids: what its worker writes, and how another worker goes on behind the text."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rantau.serving.broker import Broker
from rantau.serving.engines import Engine
from rantau.serving.engines.llama_cpp import LlamaCppEngine
from rantau.serving.engines.openai import OpenAIEngine, asking
from rantau.serving.engines.openai.connection import Address
from rantau.serving.engines.openai.requests import Served
from rantau.serving.engines.reading import Reader
from rantau.serving.protocol import End, Job, Tokens, Wish, of_fields, to_fields
from rantau.serving.queue import Admission, Claims, connect, read_log
from rantau.serving.worker import Pace, Worker
from tests.serving.engines.server import Behaviour, serving
from tests.serving.test_worker import answer, end_of
from tests.waiting import until

TEXT = "Selamat pagi, dunia. Apa kabar?"


@contextmanager
def working(server: Broker, engine: Engine, name: str) -> Iterator[None]:
    claims, beats = (Claims(connect(server.url), name, idle_ms=5000) for _ in range(2))
    worker = Worker(claims, beats, engine, Pace(wait_ms=20, write_s=0, drain_s=0))
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stopping.set()
        thread.join(60)
        engine.close()


def ask(client: Any, **wish: Any) -> None:
    job = Job("g", "ana", "lively", ({"role": "user", "content": "halo"},), Wish(temperature=0, **wish))
    Admission(client).admit(job, message="g")


def said(client: Any) -> list[Tokens]:
    return [entry for _, entry in read_log(client, "g") if isinstance(entry, Tokens)]


@pytest.fixture
def behaviour(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> Behaviour:
    monkeypatch.setattr(asking, "FIRST_WAIT_S", 0.001)
    tokenizer = reader.tokenizer
    answer = tokenizer.encode(TEXT, add_special_tokens=False)
    return Behaviour(answer, lambda ids: str(tokenizer.decode(ids)), waits=threading.Event())


def chat(url: str, reader: Reader, **served: Any) -> OpenAIEngine:
    return OpenAIEngine(Address.of(url), {"lively": (Served("adapted", "chat", **served), reader)})


def test_another_worker_goes_on_behind_the_text(
    client: Any, server: Broker, behaviour: Behaviour, reader: Reader
) -> None:
    ask(client)
    with serving(behaviour) as url:
        with working(server, chat(url, reader), "w1"):
            until(lambda: sum(piece.n_tokens for piece in said(client)) >= 3)
        head = "".join(piece.text for piece in said(client))
        behaviour.waits = None
        with working(server, chat(url, reader), "w2"):
            assert end_of(client, "g").state == "done"
    assert TEXT.startswith(head) and 0 < len(head) < len(TEXT)
    assert "".join(piece.text for piece in said(client)) == TEXT
    assert sum(piece.n_tokens for piece in said(client)) == len(behaviour.answer)
    assert behaviour.bodies[-1]["messages"][-1] == {"role": "assistant", "content": head}


def test_a_server_that_cannot_continue_fails_the_answer_and_keeps_its_beginning(
    client: Any, server: Broker, behaviour: Behaviour, reader: Reader
) -> None:
    ask(client)
    with serving(behaviour) as url:
        with working(server, chat(url, reader), "w1"):
            until(lambda: sum(piece.n_tokens for piece in said(client)) >= 3)
        with working(server, chat(url, reader, continues=False), "w2"):
            assert end_of(client, "g") == End("error", "failed", None, "cannot_continue")
    assert TEXT.startswith("".join(piece.text for piece in said(client)))


def test_an_engine_with_tokens_goes_on_behind_text_alone(
    client: Any, server: Broker, behaviour: Behaviour, reader: Reader, gguf_file: Any
) -> None:
    ask(client, max_tokens=30)
    with serving(behaviour) as url, working(server, chat(url, reader), "w1"):
        until(lambda: sum(piece.n_tokens for piece in said(client)) >= 3)
    head = said(client)
    with working(server, LlamaCppEngine(gguf_file, reader, name="lively", slots=1), "w2"):
        assert end_of(client, "g").reason == "length"
    whole, n_head = said(client), len(head)
    text = "".join(piece.text for piece in head)
    ids = [i for piece in whole[n_head:] for i in piece.ids]
    assert whole[:n_head] == head and len(ids) == 30 - len(reader.tokenizer.encode(text, add_special_tokens=False))


def test_an_error_of_the_server_names_its_code(
    client: Any, server: Broker, behaviour: Behaviour, reader: Reader
) -> None:
    ask(client)
    behaviour.status = [401]
    with serving(behaviour) as url, working(server, chat(url, reader), "w1"):
        end = end_of(client, "g")
    assert (end.reason, end.state, end.code) == ("error", "failed", "server_refused")


def test_tokens_without_ids_are_counted_in_the_log_and_at_the_limit() -> None:
    for piece in (Tokens("a", (), 3), Tokens("", (1, 2)), Tokens("a", (1,), 2)):
        assert of_fields(to_fields(piece)) == piece
    made = answer(max_tokens=4)
    made.hear(Tokens("ab", (), 3))
    assert made.take() == Tokens("ab", (), 3) and made.over is None
    made.hear(Tokens("cd", (), 3))
    assert made.take() == Tokens("cd", (), 1) and made.over == "length"
