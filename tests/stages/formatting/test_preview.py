"""Rows for the eye."""

from rantau.chat import encode, template_for
from rantau.recipe import Formatting
from rantau.stages.formatting.preview import preview
from tests.chat.speech import dialogue
from tests.tiny import build_tiny_tokenizer

TOKENIZER = build_tiny_tokenizer()


def shown(*turns: str, colour: bool) -> list[str]:
    encoded = encode(template_for(Formatting(), TOKENIZER), TOKENIZER, dialogue(*turns), system_prompt=None)
    row = {"id": "a:1", "source": "a", "ids": encoded.ids, "learnt": encoded.learnt}
    return list(preview([row], TOKENIZER, colour=colour))


def test_learnt_text_stands_in_brackets() -> None:
    head, text = shown("Halo", "ꦲꦏ꧀ꦱꦫ 😀\nya", colour=False)
    assert text == "<|im_start|>user\nHalo<|im_end|>\n<|im_start|>assistant\n⟦ꦲꦏ꧀ꦱꦫ 😀\nya<|im_end|>⟧\n"
    assert head.startswith("a:1: ")
    assert head.endswith(" learnt")


def test_learnt_text_is_on_green_line_by_line() -> None:
    _, text = shown("Halo", "ya\ntidak", colour=True)
    assert "\x1b[30;42mya\x1b[0m\n\x1b[30;42mtidak<|im_end|>\x1b[0m\n" in text
    assert text.startswith("\x1b[90m<|im_start|>user\x1b[0m\n\x1b[90mHalo")


def test_a_text_cannot_steer_the_terminal() -> None:
    _, text = shown("\x1b[2J", "\x07ya\x9b2J", colour=False)
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "␛[2J" in text
    assert "⟦␇ya" in text


def test_rows_are_read_one_at_a_time() -> None:
    def rows():  # type: ignore[no-untyped-def]
        yield {"id": "a:1", "source": "a", "ids": [5], "learnt": [True]}
        raise AssertionError("read ahead")

    lines = preview(rows(), TOKENIZER, colour=False)
    assert next(lines) == "a:1: 1 tokens, 1 learnt"
    assert next(lines).startswith("⟦")
