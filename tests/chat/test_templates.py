"""Texts and token ids of each template, and what a template is refused for."""

import pickle
from collections.abc import Callable

import pytest
from jinja2.exceptions import TemplateError
from transformers import PreTrainedTokenizerFast

from rantau.chat import encode, encode_prompt, render, template_for
from rantau.errors import DataError, ModelError
from rantau.recipe import Formatting
from rantau.records import Message
from tests.chat.speech import bare_tokenizer, dialogue, llama_tokenizer
from tests.tiny import CHATML, build_tiny_tokenizer

TALK = dialogue("Halo", "Pagi!", "Apa kabar?", "Baik.")
OWN_TEXT = (
    "<|im_start|>user\nHalo<|im_end|>\n<|im_start|>assistant\nPagi!<|im_end|>\n"
    "<|im_start|>user\nApa kabar?<|im_end|>\n<|im_start|>assistant\nBaik.<|im_end|>\n"
)
PLAIN_TEXT = "User: Halo\nAssistant: Pagi!<|im_end|>\nUser: Apa kabar?\nAssistant: Baik.<|im_end|>"
LLAMA_TEXT = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    "Today Date: 26 July 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHalo<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nPagi!<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nApa kabar?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nBaik.<|eot_id|>"
)


def asked(template: str, **more: str) -> Formatting:
    return Formatting.model_validate({"template": template, **more})


def test_auto_is_the_tokenizers_own_template() -> None:
    template = template_for(asked("auto"), build_tiny_tokenizer())
    assert (template.name, template.jinja, template.end) == ("own", CHATML, "<|im_end|>")
    assert render(template, TALK.messages, add_generation_prompt=False) == OWN_TEXT
    assert template.notes == ()


def test_auto_without_a_template_is_chatml_and_says_so() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = None
    template = template_for(asked("auto"), tokenizer)
    assert template.name == "chatml"
    assert render(template, TALK.messages, add_generation_prompt=False) == OWN_TEXT
    assert template.notes == ("The tokenizer has no chat template; ChatML is used.",)


def test_plain_is_the_tutorials_text_with_an_end_after_each_answer() -> None:
    template = template_for(asked("plain"), build_tiny_tokenizer())
    assert render(template, TALK.messages, add_generation_prompt=False) == PLAIN_TEXT
    prompt = render(template, TALK.messages[:3], add_generation_prompt=True)
    assert prompt == "User: Halo\nAssistant: Pagi!<|im_end|>\nUser: Apa kabar?\nAssistant:"


def test_llama_has_begin_of_text_once_and_its_dated_system_block() -> None:
    tokenizer = llama_tokenizer()
    template = template_for(asked("llama-3.1"), tokenizer)
    encoded = encode(template, tokenizer, TALK, system_prompt=None)
    assert encoded.text == LLAMA_TEXT
    assert encoded.ids.count(tokenizer.bos_token_id) == 1
    with_system = render(template, dialogue("Halo", system="Jawab singkat.").messages, add_generation_prompt=True)
    assert "26 July 2024\n\nJawab singkat.<|eot_id|>" in with_system
    assert with_system.endswith("Halo<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")


# u se r \n Halo; as s i s t an t \n; P agi !; 1 = <|im_start|>, 2 = <|im_end|>, 202 = newline
HALO, HELPER, PAGI = [88, 265, 85, 202, 391], [295, 86, 76, 86, 87, 261, 87], [51, 371, 4]
CHATML_IDS = [1, *HALO, 2, 202, 1, *HELPER, 202, *PAGI, 2, 202]
PLAIN_IDS = [56, 265, 85, 29, 224, 391, 202, 36, 86, 86, 76, 86, 87, 261, 87, 29, 224, *PAGI, 2]
DATES = [
    *[
        38,
        88,
        87,
        87,
        309,
        224,
        46,
        81,
        322,
        79,
        72,
        71,
        74,
        72,
        224,
        39,
        296,
        72,
        29,
        224,
        39,
        72,
        70,
        72,
        80,
        69,
    ],
    *[273, 224, 21, 19, 21, 22, 202, 55, 82, 71, 68, 92, 224, 39, 296, 72, 29, 224, 21, 25, 224, 45, 88, 79, 92],
    *[224, 21, 19, 21, 23],
]
# 400 = <|begin_of_text|>, 402 and 403 = header, 404 = <|eot_id|>
LLAMA_IDS = [
    *[400, 402, 86, 92, 86, 87, 72, 80, 403, 202, 202, *DATES, 202, 202, 404],
    *[402, 88, 265, 85, 403, 202, 202, 391, 404, 402, *HELPER, 403, 202, 202, *PAGI, 404],
]


@pytest.mark.parametrize(
    ("name", "build", "ids"),
    [
        ("auto", build_tiny_tokenizer, CHATML_IDS),
        ("chatml", build_tiny_tokenizer, CHATML_IDS),
        ("plain", build_tiny_tokenizer, PLAIN_IDS),
        ("llama-3.1", llama_tokenizer, LLAMA_IDS),
    ],
)
def test_golden_ids(name: str, build: Callable[[], PreTrainedTokenizerFast], ids: list[int]) -> None:
    tokenizer = build()
    encoded = encode(
        template_for(asked(name), tokenizer), tokenizer, dialogue("Halo", "Pagi!"), system_prompt=None
    )
    assert encoded.ids == ids


@pytest.mark.parametrize("name", ["chatml", "llama-3.1"])
def test_control_tokens_that_the_vocabulary_lacks_are_reported_and_not_added(name: str) -> None:
    tokenizer = bare_tokenizer()
    before = len(tokenizer)
    template = template_for(asked(name), tokenizer)
    assert len(tokenizer) == before
    assert any("has no control token" in note and "<|endoftext|>" in note for note in template.notes)
    assert template.end.endswith("<|endoftext|>")
    assert template.stop_ids == (tokenizer.eos_token_id,)
    assert encode(template, tokenizer, TALK, system_prompt=None).ids.count(0) == 2


def test_stop_ids_are_the_end_of_an_answer_eos_and_the_end_of_a_document() -> None:
    tokenizer = build_tiny_tokenizer()
    assert template_for(asked("auto"), tokenizer).stop_ids == (0, 2)
    tokenizer.eos_token = "<|padding|>"
    assert template_for(asked("chatml"), tokenizer).stop_ids == (0, 2, 3)


def test_a_default_system_message_is_told() -> None:
    tokenizer = build_tiny_tokenizer()
    default = "<|im_start|>system\nYou are Budi, a tiny model<|im_end|>\n"
    tokenizer.chat_template = "{% if messages[0]['role'] != 'system' %}" + default + "{% endif %}" + CHATML
    template = template_for(asked("auto"), tokenizer)
    assert template.notes == (
        'Before a dialogue without a system message the template writes "You are Budi, a tiny model"; '
        "formatting.system_prompt would replace it.",
    )
    replaced = template_for(asked("auto", system_prompt="Jawab."), tokenizer)
    assert replaced.notes == (
        "formatting.system_prompt stands in place of the template's own system message, "
        '"You are Budi, a tiny model".',
    )
    text, _ = encode_prompt(template, tokenizer, TALK.messages[:1], system_prompt="Jawab dalam bahasa Indonesia.")
    assert "Budi" not in text
    assert text.startswith("<|im_start|>system\nJawab dalam bahasa Indonesia.<|im_end|>\n")


def test_a_system_message_of_the_dialogue_is_kept() -> None:
    tokenizer = build_tiny_tokenizer()
    template = template_for(asked("auto"), tokenizer)
    text, _ = encode_prompt(template, tokenizer, dialogue("Halo", system="A").messages, system_prompt="B")
    assert text.count("system") == 1
    assert "system\nA<|im_end|>" in text


def test_todays_date_is_pinned_also_in_the_template_that_is_shipped() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = "{{ strftime_now('%d %b %Y') + ' ' + strftime_now('%Y-%m-%d') }}" + CHATML
    template = template_for(asked("auto"), tokenizer)
    assert render(template, TALK.messages, add_generation_prompt=False) == "26 Jul 2024 2024-07-26" + OWN_TEXT
    assert "pinned to 26 Jul 2024" in template.notes[0]
    shipped = tokenizer.apply_chat_template(
        [{"role": "user", "content": "a"}], chat_template=template.jinja, tokenize=False
    )
    assert shipped.startswith("26 Jul 2024 2024-07-26")


def test_thinking_aloud_is_switched_off() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = CHATML + "{% if add_generation_prompt and enable_thinking %}<think>{% endif %}"
    template = template_for(asked("auto"), tokenizer)
    assert render(template, TALK.messages[:1], add_generation_prompt=True).endswith("assistant\n")
    assert template.notes == ("The template can ask for thinking aloud; it is switched off.",)


def test_several_templates_need_a_default() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = {"default": CHATML, "tool_use": "x"}
    assert template_for(asked("auto"), tokenizer).jinja == CHATML
    tokenizer.chat_template = {"rag": CHATML, "tool_use": "x"}
    with pytest.raises(ModelError, match="chat templates rag, tool_use, none of them named default"):
        template_for(asked("auto"), tokenizer)


@pytest.mark.parametrize(
    ("jinja", "message"),
    [
        ("{% for m in messages %}{{ m['content'] }}\n{% endfor %}", "puts no control token after an answer"),
        ("{% for m in messages %}", "fails on a plain dialogue"),
        ("{{ raise_exception('no') }}", "fails on a plain dialogue"),
    ],
)
def test_a_broken_own_template_is_refused(jinja: str, message: str) -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = jinja
    with pytest.raises(ModelError, match=message):
        template_for(asked("auto"), tokenizer)


def test_a_refused_dialogue_names_its_roles_and_the_templates_words() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = "{% if messages | length > 3 %}{{ raise_exception('too long') }}{% endif %}" + CHATML
    template = template_for(asked("auto"), tokenizer)
    with pytest.raises(DataError, match=r"\(user, assistant, user, assistant\): too long") as caught:
        encode(template, tokenizer, TALK, system_prompt=None)
    assert isinstance(caught.value.__cause__, TemplateError)


def test_without_eos_nothing_could_end() -> None:
    tokenizer = bare_tokenizer(eos=False)
    for name in ("plain", "chatml", "llama-3.1"):
        with pytest.raises(ModelError, match="no end-of-text token"):
            template_for(asked(name), tokenizer)


def test_the_sandbox_holds() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = "{{ ''.__class__.__mro__[1].__subclasses__() }}" + CHATML
    with pytest.raises(ModelError, match="unsafe"):
        template_for(asked("auto"), tokenizer)


def test_templates_travel_to_other_processes() -> None:
    template = pickle.loads(pickle.dumps(template_for(asked("plain"), build_tiny_tokenizer())))
    assert render(template, [Message("user", "Halo")], add_generation_prompt=True) == "User: Halo\nAssistant:"
