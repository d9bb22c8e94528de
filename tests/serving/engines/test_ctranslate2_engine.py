"""CTranslate2 on a tiny model: the tokens of plain greedy decoding, together, late, resumed, cancelled and cut."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import ModelError, ServingError
from rantau.model.generate import generate_batch
from rantau.serving.engines import Refused
from rantau.serving.engines.cohorts import SPREAD_TOKENS, Cohort, Manner, Row
from rantau.serving.engines.ctranslate2 import Ctranslate2Engine
from rantau.serving.engines.prompting import prompt_ids
from rantau.serving.engines.reading import Reader
from rantau.serving.engines.turns import Turns
from rantau.serving.protocol import Wish
from tests.serving.engines.asking import PROMPTS, Said, going_on, hear, job, listen, plain

THAI = "สวัสดีครับ ខ្ញុំ 👩‍👩‍👧"


@pytest.fixture
def engine(ctranslate2_folder: Path, reader: Reader) -> Iterator[Ctranslate2Engine]:
    others = set(threading.enumerate())
    made = Ctranslate2Engine(ctranslate2_folder, reader, Turns(), name="lively", slots=6)
    yield made
    made.close()
    assert not [thread for thread in set(threading.enumerate()) - others if "run" in thread.name]


def test_prompts_are_answered_together_as_each_alone(engine: Ctranslate2Engine, parts: Any) -> None:
    for prompt in PROMPTS:
        engine.submit(prompt, job(prompt), [])
    found = hear(engine, set(PROMPTS))
    for prompt in PROMPTS:
        assert (found[prompt].text, found[prompt].ids) == plain(parts, job(prompt)), prompt
    assert engine.idle


def test_a_newcomer_is_heard_while_another_still_speaks(engine: Ctranslate2Engine, parts: Any) -> None:
    said = {"long": Said(), "late": Said()}
    engine._turns.take()  # between two looks each batch makes one step, however slow they are
    engine.submit("long", job(PROMPTS[1], max_tokens=200), [])
    while len(said["long"].ids) < 5:
        listen(engine, said)
        engine._turns.pass_on()
    engine.submit("late", job(PROMPTS[0]), [])
    while not said["late"].reason:
        listen(engine, said)
        engine._turns.pass_on()
    engine._turns.give()
    assert not said["long"].reason and said["late"].ids == plain(parts, job(PROMPTS[0]))[1]


def test_an_answer_goes_on_behind_what_was_said(engine: Ctranslate2Engine, parts: Any) -> None:
    text, ids = plain(parts, job(PROMPTS[1]))
    begun = engine.submit("g", job(PROMPTS[1]), ids[:5])
    found = hear(engine, {"g"})["g"]
    assert begun.text + found.text == text and ids[:5] + found.ids == ids and found.reason == "length"


def test_an_answer_goes_on_behind_what_was_begun(engine: Ctranslate2Engine, parts: Any, reader: Reader) -> None:
    model, tokenizer, template = parts
    begun, said = (tokenizer.encode(text, add_special_tokens=False) for text in ("Halo dunia", " selamat"))
    ids = [*prompt_ids(job("apa"), template, tokenizer, system_prompt=None), *begun, *said]
    (rest,) = generate_batch(model, tokenizer, [ids], max_new_tokens=6, stop_ids=template.stop_ids)
    for name, before in {"ids": {"begun": tuple(begun)}, "text": {"begun_text": "Halo dunia"}}.items():
        asked = going_on(job("apa", max_tokens=len(said) + 6), **before)
        assert engine.submit(name, asked, said).text == " selamat"
        assert hear(engine, {name})[name].ids == list(rest.ids)


def test_an_answer_of_which_only_the_end_is_missing(engine: Ctranslate2Engine, parts: Any) -> None:
    _, ids = plain(parts, job(PROMPTS[0]))
    engine.submit("g", job(PROMPTS[0], max_tokens=len(ids)), ids)
    assert hear(engine, {"g"})["g"] == Said("", [], "length")


def test_an_end_token_ends_the_answer_and_is_no_part_of_it(
    ctranslate2_folder: Path, parts: Any, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ids = plain(parts, job(PROMPTS[1]))
    monkeypatch.setattr(Reader, "stops", property(lambda _: frozenset({ids[6]})))
    engine = Ctranslate2Engine(ctranslate2_folder, reader, Turns(), name="lively")
    engine.submit("g", job(PROMPTS[1]), [])
    found = hear(engine, {"g"})["g"]
    engine.close()
    assert (found.ids, found.reason) == (ids[: ids.index(ids[6])], "eos")


def test_what_is_cancelled_is_not_heard_of_again(engine: Ctranslate2Engine, parts: Any) -> None:
    said = {"gone": Said(), "kept": Said()}
    engine.submit("gone", job(PROMPTS[0], max_tokens=240), [])
    engine.submit("kept", job(PROMPTS[0], max_tokens=240), [])  # in the same batch
    listen(engine, said)
    engine.cancel("gone")
    engine.submit("gone", job(PROMPTS[2]), [])  # another answer under the same name
    said["gone"] = Said()
    while not all(one.reason for one in said.values()):
        listen(engine, said)
    assert said["gone"].ids == plain(parts, job(PROMPTS[2]))[1]
    assert len(said["kept"].ids) > 200
    assert said["kept"].ids == plain(parts, job(PROMPTS[0]), 240)[1][: len(said["kept"].ids)]


def test_answers_that_are_drawn_otherwise_do_not_share_a_batch(engine: Ctranslate2Engine, parts: Any) -> None:
    engine.submit("greedy", job(PROMPTS[0]), [])
    engine.submit("drawn", job(PROMPTS[0], temperature=1.5, max_tokens=60), [])
    engine.submit("narrow", job(PROMPTS[0], temperature=1.5, top_p=1e-4), [])
    engine.submit("one", job(PROMPTS[0], temperature=1.5, top_k=1), [])
    found = hear(engine, {"greedy", "drawn", "narrow", "one"})
    ids = plain(parts, job(PROMPTS[0]))[1]
    assert found["greedy"].ids == found["narrow"].ids == found["one"].ids == ids
    assert found["drawn"].ids[:12] != ids


def test_pieces_are_whole_characters_of_every_script(engine: Ctranslate2Engine, reader: Reader) -> None:
    ids = reader.tokenizer.encode(THAI, add_special_tokens=False)
    for cut in range(0, len(ids), 3):
        begun = engine.submit(f"{cut}", job("apa", max_tokens=len(ids)), ids[:cut])
        assert THAI.startswith(begun.text) and "\ufffd" not in begun.text
    hear(engine, {f"{cut}" for cut in range(0, len(ids), 3)})


@pytest.mark.parametrize(
    ("content", "wish", "code"),
    [
        ("kata " * 300, {}, "too_long"),
        ("a", {"repetition_penalty": 1.2}, "not_supported"),
        ("a", {"temperature": 0.7, "seed": 7}, "not_supported"),
        ("a", {"top_p": 0.0}, "bad_wish"),
        ("a", {"temperature": -1.0}, "bad_wish"),
        ("a", {"max_tokens": 0}, "bad_wish"),
    ],
)
def test_what_cannot_be_answered_is_refused(engine: Ctranslate2Engine, content: str, wish: Any, code: str) -> None:
    with pytest.raises(Refused) as told:
        engine.submit("g", job(content, **wish), [])
    assert told.value.code == code and engine.idle


def test_a_seed_is_granted_where_nothing_is_drawn(engine: Ctranslate2Engine, parts: Any) -> None:
    engine.submit("g", job(PROMPTS[0], seed=7), [])
    assert hear(engine, {"g"})["g"].ids == plain(parts, job(PROMPTS[0]))[1]


def test_tokens_of_another_model_are_refused(engine: Ctranslate2Engine) -> None:
    with pytest.raises(Refused) as told:
        engine.submit("g", going_on(job("a"), begun=(49_000,)), [])
    assert told.value.code == "cannot_continue"


def test_a_prompt_that_the_library_cannot_read_ends_alone(
    engine: Ctranslate2Engine, parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rantau.serving.engines.cohorts.SPREAD_TOKENS", 32)
    engine.submit("bad", job(PROMPTS[0]), [])
    engine._waiting[0][1].tokens = []
    engine.submit("beside", job("a"), [])
    engine.submit("apart", job("satu dua tiga " * 9), [])
    found = hear(engine, {"bad", "beside", "apart"})
    assert [found[name].reason for name in ("bad", "beside", "apart")] == ["error", "length", "length"]
    assert found["beside"].ids == plain(parts, job("a"))[1]


@pytest.mark.parametrize("after", [0, 5])
def test_answers_of_a_batch_that_fails_go_on_apart(
    engine: Ctranslate2Engine, parts: Any, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """As when the memory is too small for all of them: each word once, from where it was."""
    sizes, make = list[int](), Cohort._make
    together = PROMPTS[:1] * 3

    def failing(cohort: Cohort, generate: Any) -> None:
        sizes.append(len(cohort.rows))
        if len(cohort.rows) > 1:
            cohort._hear = Failing(cohort._hear, after * len(cohort.rows))  # type: ignore[method-assign]
        make(cohort, generate)

    monkeypatch.setattr(Cohort, "_make", failing)
    for n, prompt in enumerate(together):
        engine.submit(f"g{n}", job(prompt), [])
    found = hear(engine, {f"g{n}" for n in range(len(together))})
    text, ids = plain(parts, job(PROMPTS[0]))
    assert [(said.text, said.ids, said.reason) for said in found.values()] == [(text, ids, "length")] * 3
    assert sizes == [3, 1, 1, 1]


class Failing:
    """A callback that raises after so many tokens."""

    def __init__(self, hear: Any, n_tokens: int) -> None:
        self._hear, self._n_left = hear, n_tokens

    def __call__(self, found: Any) -> bool:
        if not self._n_left:
            raise MemoryError("no room for all of them")
        self._n_left -= 1
        return bool(self._hear(found))


def test_a_library_that_hangs_ends_the_worker(engine: Ctranslate2Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from rantau.serving.engines import ctranslate2

    monkeypatch.setattr(ctranslate2, "SILENT_S", 0.01)
    engine._turns.take()  # nobody may compute
    engine.submit("g", job(PROMPTS[0]), [])
    with pytest.raises(ServingError, match="no token"):
        for _ in range(20):
            engine.step()
    engine._turns.give()


def test_a_folder_of_another_tokenizer_is_refused(ctranslate2_folder: Path, parts: Any, tmp_path: Path) -> None:
    from tests.tiny import build_tiny_tokenizer

    other = build_tiny_tokenizer(["<|lain|>"])
    with pytest.raises(ModelError, match="another tokenizer"):
        Ctranslate2Engine(ctranslate2_folder, Reader(other, parts[2], 256), Turns(), name="lively")
    with pytest.raises(ModelError, match="no converted model"):
        Ctranslate2Engine(tmp_path, Reader(parts[1], parts[2], 256), Turns(), name="lively")


def test_a_batch_takes_only_prompts_of_about_one_length() -> None:
    cohort = Cohort(Manner.of(Wish()), Row("a", ["x"] * 20, 5), Turns(), (), lambda *_: None)
    assert cohort.takes(Manner.of(Wish()), Row("b", ["x"] * (20 + SPREAD_TOKENS), 5))
    assert not cohort.takes(Manner.of(Wish()), Row("c", ["x"] * 19, 5))
    assert not cohort.takes(Manner.of(Wish(temperature=1)), Row("d", ["x"] * 20, 5))


def test_turns_go_round_and_newcomers_come_first() -> None:
    turns, order = Turns(), []
    turns.take()

    def wait(name: str, first: bool) -> None:
        turns.take(first=first)
        order.append(name)
        turns.give()

    threads = []
    for name, first in (("a", False), ("b", False), ("new", True)):
        threads.append(threading.Thread(target=wait, args=(name, first)))
        threads[-1].start()
        while len(turns._waiting) < len(threads):
            pass
    turns.give()
    for thread in threads:
        thread.join()
    assert order == ["new", "a", "b"]
