"""What of a long talk a model sees: whole exchanges, the newest ones, and always the question."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.serving.engines import Refused
from rantau.serving.engines.fitting import fitting
from rantau.serving.engines.prompting import prompt_ids
from rantau.serving.engines.reading import Reader
from rantau.serving.protocol import Job, Wish
from tests.serving.engines.asking import hear
from tests.serving.engines.server import Behaviour, serving


def talk(n_exchanges: int, *, system: str = "", words: int = 8, **wish: Any) -> Job:
    """`n_exchanges` questions, all but the last one answered."""
    turns = [{"role": "system", "content": system}] if system else []
    for n in range(n_exchanges):
        turns += [
            {"role": "user", "content": f"tanya {n} " + "a " * words},
            {"role": "assistant", "content": f"jawab {n} " + "b " * words},
        ]
    return Job("g", "ana", "lively", tuple(turns[:-1]), Wish(**{"max_tokens": 8, "temperature": 0, **wish}))


def chars(job: Job) -> list[int]:
    return [0] * sum(len(m["content"]) for m in job.messages)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.booleans(), st.integers(-5, 400))
def test_as_many_exchanges_as_fit_and_no_half_one(sizes: list[int], system: bool, most: int) -> None:
    turns = [{"role": "system", "content": "s" * 5}] if system else []
    for size in sizes:
        turns += [{"role": "user", "content": "q" * size}, {"role": "assistant", "content": "a" * size}]
    job = Job("g", "ana", "m", tuple(turns[:-1]))
    kept, ids = fitting(job, most, chars)
    n_dropped = len(job.messages) - len(kept)
    assert kept == (*job.messages[:system], *job.messages[system + n_dropped :])
    assert (
        n_dropped % 2 == 0 and kept[-1] == job.messages[-1] and len(ids) == len(chars(replace(job, messages=kept)))
    )
    assert len(ids) <= most or len(kept) == system + 1
    if n_dropped:  # one exchange more would have been too long
        assert len(ids) + sum(len(t["content"]) for t in job.messages[system:][n_dropped - 2 : n_dropped]) > most


def test_questions_in_a_row_go_together() -> None:
    user, assistant = {"role": "user", "content": "q" * 10}, {"role": "assistant", "content": "a" * 10}
    job = Job("g", "ana", "m", (user, user, assistant, user, user))
    assert fitting(job, 45, chars)[0] == (user, user)


def test_a_long_talk_goes_on(reader: Reader) -> None:
    asked = talk(30, system="Jawab singkat.")
    reading = reader.read(asked, [])
    n = reading.begun.dropped
    assert 0 < n < 58 and n % 2 == 0
    assert reading.messages == (asked.messages[0], *asked.messages[1 + n :])
    seen = replace(asked, messages=reading.messages)
    assert list(reading.ids) == prompt_ids(seen, reader.template, reader.tokenizer, system_prompt=None)
    assert len(reading.ids) <= reader.context - 8 and reading.n_left == 8
    more = replace(asked, messages=(asked.messages[0], *asked.messages[n - 1 :]))
    assert len(prompt_ids(more, reader.template, reader.tokenizer, system_prompt=None)) > reader.context - 8
    assert reader.read(seen, []).begun.dropped == 0


def test_the_answer_is_left_room(reader: Reader) -> None:
    short, long = (reader.read(talk(30, max_tokens=n), []) for n in (8, 150))
    assert long.n_left == 150 and long.begun.dropped > short.begun.dropped
    assert reader.read(talk(1, words=40, max_tokens=250), []).begun.dropped == 0


def test_the_same_turns_go_when_another_worker_goes_on(reader: Reader) -> None:
    asked = talk(30, max_tokens=60)
    first, second = reader.read(asked, []), reader.read(asked, [5, 6, 7] * 15)
    assert second.messages == first.messages and second.ids[: len(first.ids)] == first.ids


def test_an_answer_that_is_continued_counts(reader: Reader) -> None:
    asked = talk(6)
    assert reader.read(asked, []).begun.dropped < reader.read(replace(asked, begun=(5,) * 100), []).begun.dropped


@pytest.mark.parametrize("asked", [talk(1, words=300), talk(3, words=300), replace(talk(30), whole=True)])
def test_what_cannot_fit_is_refused(reader: Reader, asked: Job) -> None:
    with pytest.raises(Refused) as told:
        reader.read(asked, [])
    assert told.value.code == "too_long"


def test_a_server_that_writes_the_talk_is_sent_what_fits(reader: Reader) -> None:
    from rantau.serving.engines.openai import OpenAIEngine
    from rantau.serving.engines.openai.connection import Address
    from rantau.serving.engines.openai.requests import Served

    asked, behaviour = talk(30), Behaviour([5, 6], lambda ids: "a" * len(ids), stop=sorted(reader.stops)[0])
    with serving(behaviour) as url:
        engine = OpenAIEngine(Address.of(url), {"lively": (Served("adapted", "chat"), reader)})
        begun = engine.submit("g", asked, [])
        hear(engine, {"g"})
        engine.close()
    (body,) = [body for body in behaviour.bodies if "messages" in body]
    assert begun.dropped > 0 and body["messages"] == list(asked.messages[begun.dropped :])
