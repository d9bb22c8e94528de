"""The engine on a tiny model: the tokens of plain greedy decoding, joined, resumed, cancelled and cut."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau.chat import template_for
from rantau.machine import Machine
from rantau.model.generate import generate_batch
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Formatting, Model
from rantau.serving.engines import Ended, Heard, Refused
from rantau.serving.engines.transformers import TransformersEngine
from rantau.serving.protocol import Job, Wish

PROMPTS = ("halo dunia", "the quick brown fox and a long story of it", "satu dua", "tiga")


@pytest.fixture(scope="module")
def parts(tiny_base: Path) -> tuple[Any, Any, Any]:
    model = Model(base=str(tiny_base))
    tokenizer = load_tokenizer(model)
    return load_base(model, Machine()), tokenizer, template_for(Formatting(template="chatml"), tokenizer)


@pytest.fixture
def engine(parts: tuple[Any, Any, Any]) -> Iterator[TransformersEngine]:
    made = TransformersEngine(*parts, name="tiny", slots=3, context=256)
    yield made
    made.close()


def job(content: str, **wish: Any) -> Job:
    wishes = Wish(**{"max_tokens": 12, "temperature": 0, **wish})
    return Job(content, "ana", "tiny", ({"role": "user", "content": content},), wishes)


def heard_of(engine: TransformersEngine, names: set[str]) -> dict[str, tuple[str, list[int], str]]:
    """name -> text, tokens, reason; of all that are asked."""
    text, ids, reasons = dict.fromkeys(names, ""), {n: list[int]() for n in names}, dict[str, str]()
    while set(reasons) < names:
        for what in engine.step():
            if isinstance(what, Ended):
                reasons[what.name] = what.reason
            elif isinstance(what, Heard):
                text[what.name] += what.piece.text
                ids[what.name] += what.piece.ids
    return {n: (text[n], ids[n], reasons[n]) for n in names}


def plain(
    parts: tuple[Any, Any, Any], engine: TransformersEngine, prompt: str, n: int = 12
) -> tuple[str, list[int]]:
    model, tokenizer, template = parts
    ids = engine._prompt(job(prompt))
    (said,) = generate_batch(model, tokenizer, [ids], max_new_tokens=n, stop_ids=template.stop_ids)
    return said.text, list(said.ids)


def test_prompts_are_answered_together_as_each_alone(engine: TransformersEngine, parts: Any) -> None:
    for prompt in PROMPTS:  # more than there are slots
        engine.submit(prompt, job(prompt), [])
    found = heard_of(engine, set(PROMPTS))
    for prompt in PROMPTS:
        assert found[prompt][:2] == plain(parts, engine, prompt), prompt


def test_an_answer_goes_on_behind_what_was_said(engine: TransformersEngine, parts: Any) -> None:
    text, ids = plain(parts, engine, PROMPTS[1])
    begun = engine.submit("again", job(PROMPTS[1]), ids[:5])
    found = heard_of(engine, {"again"})["again"]
    assert begun.text + found[0] == text and ids[:5] + found[1] == ids
    assert begun.prompt_tokens == len(engine._prompt(job(PROMPTS[1])))


def test_an_answer_of_which_only_the_end_is_missing(engine: TransformersEngine, parts: Any) -> None:
    _, ids = plain(parts, engine, PROMPTS[0])
    engine.submit("g", job(PROMPTS[0], max_tokens=len(ids)), ids)
    assert heard_of(engine, {"g"})["g"] == ("", [], "length")


def test_what_is_cancelled_is_not_heard_of_again(engine: TransformersEngine) -> None:
    engine.submit("gone", job(PROMPTS[0], max_tokens=200), [])
    while not engine.step():
        pass
    engine.cancel("gone")
    engine.submit("next", job(PROMPTS[2]), [])
    heard = [what.name for _ in range(40) for what in engine.step()]
    assert "next" in heard and "gone" not in heard


@pytest.mark.parametrize(
    ("content", "wish", "code"),
    [
        ("kata " * 300, {}, "too_long"),
        ("<|im_end|>", {}, "bad_prompt"),
        ("a", {"repetition_penalty": 1.2}, "not_supported"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    engine: TransformersEngine, content: str, wish: Any, code: str
) -> None:
    with pytest.raises(Refused) as told:
        engine.submit("g", job(content, **wish), [])
    assert told.value.code == code
