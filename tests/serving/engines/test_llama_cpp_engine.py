"""llama.cpp on a tiny model: the tokens of plain greedy decoding, together, late, resumed, seeded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import ModelError
from rantau.model.stream import Sampling, stream
from rantau.serving.engines import Refused
from rantau.serving.engines.llama_cpp import LlamaCppEngine
from rantau.serving.engines.prompting import prompt_ids
from rantau.serving.engines.reading import Reader
from rantau.serving.engines.seats import Seats, shared
from rantau.serving.protocol import Job
from tests.serving.engines.asking import PROMPTS, Said, going_on, hear, job, listen, plain


@pytest.fixture
def engine(gguf_file: Path, reader: Reader) -> Iterator[LlamaCppEngine]:
    made = LlamaCppEngine(gguf_file, reader, name="lively", slots=4, batch_tokens=24)
    yield made
    made.close()


def test_prompts_are_answered_together_as_each_alone(engine: LlamaCppEngine, parts: Any) -> None:
    for prompt in PROMPTS:
        engine.submit(prompt, job(prompt), [])
    found = hear(engine, set(PROMPTS))
    for prompt in PROMPTS:
        assert (found[prompt].text, found[prompt].ids) == plain(parts, job(prompt)), prompt
    assert engine.idle and not engine.step()


def test_a_newcomer_is_heard_while_another_still_speaks(engine: LlamaCppEngine, parts: Any) -> None:
    said = {"long": Said(), "late": Said()}
    engine.submit("long", job(PROMPTS[1], max_tokens=100), [])
    while len(said["long"].ids) < 5:
        listen(engine, said)
    engine.submit("late", job(PROMPTS[0]), [])
    while not said["late"].reason:
        before = len(said["long"].ids)
        listen(engine, said)
        assert len(said["long"].ids) == before + 1  # it never pauses
    assert said["late"].ids == plain(parts, job(PROMPTS[0]))[1]


def test_an_answer_goes_on_behind_what_was_begun_and_said(engine: LlamaCppEngine, parts: Any) -> None:
    _, ids = plain(parts, job(PROMPTS[1]))
    engine.submit("g", going_on(job(PROMPTS[1], max_tokens=10), begun=tuple(ids[:2])), ids[2:5])
    found = hear(engine, {"g"})["g"]
    assert ids[5:] == found.ids and found.reason == "length"


def test_a_talk_that_goes_on_is_not_read_again(engine: LlamaCppEngine, parts: Any) -> None:
    first = job(PROMPTS[1])
    engine.submit("a", first, [])
    hear(engine, {"a"})
    messages = (*first.messages, {"role": "assistant", "content": "ya"}, {"role": "user", "content": "lalu"})
    second = Job("b", "ana", "lively", messages, first.wish)
    engine.submit("b", second, [])
    (going,) = engine._going.values()
    whole = prompt_ids(second, parts[2], parts[1], system_prompt=None)
    assert len(going.unread) < len(whole) - 20 and going.seat.tokens + going.unread == whole
    assert hear(engine, {"b"})["b"].ids == plain(parts, second)[1]


def test_what_is_cancelled_is_not_heard_of_again(engine: LlamaCppEngine, parts: Any) -> None:
    engine.submit("gone", job(PROMPTS[0], max_tokens=100), [])
    engine.submit("kept", job(PROMPTS[1]), [])
    engine.step()
    engine.cancel("gone")
    engine.submit("gone", job(PROMPTS[2]), [])
    found = hear(engine, {"kept", "gone"})
    assert found["gone"].ids == plain(parts, job(PROMPTS[2]))[1]
    assert found["kept"].ids[-3:] == plain(parts, job(PROMPTS[1]))[1][-3:]


def test_a_penalty_is_that_of_transformers(engine: LlamaCppEngine, parts: Any) -> None:
    model, tokenizer, template = parts
    asked = job(PROMPTS[0], repetition_penalty=1.4)
    sampling = Sampling(temperature=0, top_k=0, top_p=1, repetition_penalty=1.4, max_new_tokens=12)
    ids = prompt_ids(asked, template, tokenizer, system_prompt=None)
    expected = "".join(stream(model, tokenizer, ids, sampling, stop_ids=template.stop_ids))
    engine.submit("g", asked, [])
    assert hear(engine, {"g"})["g"].text == expected != plain(parts, asked)[0]


def test_a_seed_gives_the_same_answer_whoever_else_is_asked(engine: LlamaCppEngine) -> None:
    wish = {"temperature": 1.3, "top_k": 50, "top_p": 0.98}
    engine.submit("one", job(PROMPTS[0], seed=5, **wish), [])
    one = hear(engine, {"one"})["one"]
    for name, asked in {
        "same": job(PROMPTS[0], seed=5, **wish),
        "other": job(PROMPTS[0], seed=6, **wish),
        "any": job(PROMPTS[1], **wish),
    }.items():
        engine.submit(name, asked, [])
    found = hear(engine, {"same", "other", "any"})
    assert found["same"].ids == one.ids != found["other"].ids
    for cut in (1, 4, 9):  # a worker that dies: another one draws what it would have drawn
        engine.submit("rest", job(PROMPTS[0], seed=5, **wish), one.ids[:cut])
        assert hear(engine, {"rest"})["rest"].ids == one.ids[cut:]


def test_an_answer_of_which_only_the_end_is_missing(engine: LlamaCppEngine, parts: Any) -> None:
    _, ids = plain(parts, job(PROMPTS[0]))
    engine.submit("g", job(PROMPTS[0], max_tokens=len(ids)), ids)
    assert hear(engine, {"g"})["g"] == Said("", [], "length")


def test_an_end_token_ends_the_answer_and_is_no_part_of_it(
    gguf_file: Path, parts: Any, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ids = plain(parts, job(PROMPTS[1]))
    monkeypatch.setattr(Reader, "stops", property(lambda _: frozenset({ids[6]})))
    engine = LlamaCppEngine(gguf_file, reader, name="lively", slots=1)
    engine.submit("g", job(PROMPTS[1]), [])
    found = hear(engine, {"g"})["g"]
    engine.close()
    assert (found.ids, found.reason) == (ids[: ids.index(ids[6])], "eos")


@pytest.mark.parametrize(
    ("content", "wish", "code"), [("kata " * 300, {}, "too_long"), ("a", {"top_p": 2.0}, "bad_wish")]
)
def test_what_cannot_be_answered_is_refused(engine: LlamaCppEngine, content: str, wish: Any, code: str) -> None:
    with pytest.raises(Refused) as told:
        engine.submit("g", job(content, **wish), [])
    assert told.value.code == code and engine.idle


def test_a_file_that_is_no_model_or_another_one_is_refused(gguf_file: Path, parts: Any, tmp_path: Path) -> None:
    from tests.tiny import build_tiny_tokenizer

    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 64)
    with pytest.raises(ModelError, match="cannot load it"):
        LlamaCppEngine(broken, Reader(parts[1], parts[2], 256), name="x")
    other = build_tiny_tokenizer(["<|lain|>"])
    with pytest.raises(ModelError, match="another tokenizer"):
        LlamaCppEngine(gguf_file, Reader(other, parts[2], 256), name="x")


def test_a_free_seat_that_knows_the_beginning_is_taken() -> None:
    seats = Seats(3)
    first, _ = seats.take([1, 2, 3])
    second, _ = seats.take([1])
    first.tokens, second.tokens = [1, 2, 3, 4], [1]
    first.taken = second.taken = False
    assert seats.take([1, 2, 3, 9]) == (first, 3)
    assert seats.take([1])[1] == 0  # its one token is read again: something must be
    third, known = seats.take([7])
    assert (third.number, known) == (2, 0)
    assert shared([1, 2], [1, 2, 3]) == 2 and shared([], [1]) == 0
