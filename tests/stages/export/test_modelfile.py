"""The Modelfile says in Go's words what the chat template says in Jinja."""

import random

import pytest

from rantau.chat import Template, render, template_for
from rantau.recipe import Formatting
from rantau.records import Message
from rantau.stages.export.gguf.go_template import go_template, pieces_of, write
from rantau.stages.export.gguf.modelfile import NO_TEMPLATE, ollama_template, render_modelfile
from tests.stages.export.go import run
from tests.tiny import build_tiny_tokenizer

WITH_PREAMBLE = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nAnda membantu.<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
REWRITES = (
    "{% for m in messages %}{% if loop.last or m['role'] != 'assistant' %}{{ m['role'] + ': ' + m['content'] }}"
    "{{ '<|im_end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
)


def tokenizer(jinja: str | None = None, *, bos: bool = False):  # type: ignore[no-untyped-def]
    from tokenizers.processors import TemplateProcessing

    found = build_tiny_tokenizer()
    if bos:
        start = [("<|endoftext|>", found.convert_tokens_to_ids("<|endoftext|>"))]
        found.backend_tokenizer.post_processor = TemplateProcessing(
            single="<|endoftext|> $A", special_tokens=start
        )
        found.bos_token = "<|endoftext|>"
    if jinja is not None:
        found.chat_template = jinja
    return found


def shipped(name: str, *, bos: bool = False):  # type: ignore[no-untyped-def]
    """A tokenizer that carries one of our templates, as the export ships it, and that template."""
    found = tokenizer(bos=bos)
    template = template_for(Formatting.model_validate({"template": name}), found)
    found.chat_template = template.jinja
    return found, template


def dialogues(*, n: int = 40) -> list[list[Message]]:
    draw, found = random.Random(1), []
    words = [
        "Halo",
        "apa kabar?",
        "서울은",
        "{{ .System }}?",
        'tiga """ tanda',
        "baik-baik saja",
        "\n\nbaris",
        "x" * 50,
    ]
    for _ in range(n):
        turns = [Message("system", " ".join(draw.choices(words, k=2)).strip())] if draw.random() < 0.5 else []
        for i in range(2 * draw.randint(0, 3) + 1):
            content = " ".join(draw.choices(words, k=draw.randint(1, 4))).strip()
            turns.append(Message("assistant" if i % 2 else "user", content))
        found.append(turns)
    return found


@pytest.mark.parametrize("bos", [False, True])
@pytest.mark.parametrize("name", ["auto", "chatml", "llama-3.1", "plain"])
def test_ollama_sends_what_was_trained(name: str, bos: bool) -> None:
    found, template = shipped(name, bos=bos)
    go = ollama_template(found)
    assert go is not None
    for messages in dialogues():
        text = render(template, messages, add_generation_prompt=True)
        start = "<|endoftext|>" if bos and name != "auto" else ""
        assert text.startswith(start)
        assert run(go, messages) == text.removeprefix(start)


def test_words_that_open_a_dialogue_without_a_system_message_are_kept() -> None:
    go = ollama_template(tokenizer(WITH_PREAMBLE))
    assert go is not None and "Anda membantu." in go
    asked = [Message("user", "Halo")]
    assert run(go, asked).startswith("<|im_start|>system\nAnda membantu.<|im_end|>\n<|im_start|>user\nHalo")
    assert "membantu" not in run(go, [Message("system", "Singkat."), *asked])


def test_a_template_that_rewrites_turns_has_no_go_form() -> None:
    found = tokenizer(REWRITES)
    assert ollama_template(found) is None
    text = render_modelfile(["m-q8_0.gguf"], found, stops=["<|im_end|>"], system=None)
    assert NO_TEMPLATE in text and 'TEMPLATE """' not in text


def test_text_that_go_would_read_as_an_action_is_quoted() -> None:
    def jinja(messages, opens):  # type: ignore[no-untyped-def]
        return "".join(f'{{{{{m.role}}}}} """{m.content}"""\n' for m in messages) + (
            "{{assistant}} " if opens else ""
        )

    pieces = pieces_of(jinja)
    assert pieces is not None
    go = go_template(pieces)
    assert '"""' not in go
    for messages in dialogues(n=8):
        assert run(go, messages) == write(pieces, messages, prompt=True) == jinja(messages, True)


def test_the_modelfile_names_files_stops_and_system() -> None:
    found, _ = shipped("chatml")
    text = render_modelfile(["m-f16.gguf", "m-q8_0.gguf"], found, stops=["<|im_end|>"], system='Kata """x"""')
    lines = text.splitlines()
    assert lines[:2] == ["FROM ./m-f16.gguf", "# or: FROM ./m-q8_0.gguf"]
    assert 'PARAMETER stop "<|im_end|>"' in lines
    assert lines[-1] == 'SYSTEM """Kata "x" """'


def test_templates_are_of_the_same_family_as_the_known_ones() -> None:
    found, template = shipped("chatml")
    assert isinstance(template, Template)
    assert ollama_template(found) == (
        '{{ range $i, $m := .Messages }}{{ if eq $m.Role "system" }}'
        "<|im_start|>system\n{{ $m.Content }}<|im_end|>\n"
        '{{ else if eq $m.Role "user" }}<|im_start|>user\n{{ $m.Content }}<|im_end|>\n'
        '{{ else if eq $m.Role "assistant" }}<|im_start|>assistant\n{{ $m.Content }}<|im_end|>\n{{ end }}{{ end }}'
        "<|im_start|>assistant\n"
    )
