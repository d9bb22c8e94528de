"""Characters that are made of several tokens, and what is no character at all."""

from pathlib import Path
from typing import Any

import pytest

from rantau.chat import template_for
from rantau.machine import Machine
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Formatting, Model
from rantau.serving.engines.openai.chunks import Chunk, read_chunk
from rantau.serving.engines.transformers import TransformersEngine
from tests.serving.engines.asking import going_on, hear, job


@pytest.mark.parametrize(
    ("spelled", "text"), [("\\ud83d\\ude00", "\U0001f600"), ("a\\ud83d", "a\ufffd"), ("\\ude00b", "\ufffdb")]
)
def test_half_a_character_of_a_server_is_no_text(spelled: str, text: str) -> None:
    """No broker takes it, and the worker would end at it."""
    said = '{"object": "text_completion", "choices": [{"index": 0, "text": "%s"}]}'
    assert read_chunk(said % spelled) == Chunk(text)


class Script:
    """A model that says these tokens, one a step."""

    def __init__(self, base: Path) -> None:
        asked = Model(base=str(base))
        self.tokenizer, self.model = load_tokenizer(asked), load_base(asked, Machine())
        self.model.register_forward_hook(self._say)
        self.says: list[int] = []

    def _say(self, model: Any, words: Any, out: Any) -> None:
        out.logits[:] = 0
        out.logits[..., self.says.pop(0)] = 1


def test_a_character_that_is_cut_is_said_whole_by_who_goes_on(lively_base: Path) -> None:
    script = Script(lively_base)
    template = template_for(Formatting(template="chatml"), script.tokenizer)
    ids = script.tokenizer.encode("a\U0001f600b", add_special_tokens=False)
    engine = TransformersEngine(script.model, script.tokenizer, template, name="lively", slots=1, context=256)
    for end in range(1, len(ids)):
        script.says = list(ids)
        engine.submit("g", job("halo", max_tokens=end), [])
        first = hear(engine, {"g"})["g"]
        script.says = list(ids[end:])
        rest = going_on(job("halo", max_tokens=len(ids) - end), begun=tuple(first.ids), begun_text=first.text)
        engine.submit("g", rest, [])
        assert first.text + hear(engine, {"g"})["g"].text == "a\U0001f600b"
    engine.close()
