"""The tokenizer's own chat template: tried on a probe, and freed of what changes from day to day."""

from __future__ import annotations

from itertools import takewhile

from rantau.chat.rendering import Template, make_template, render
from rantau.chat.tokens import Tokenizer, control
from rantau.errors import DataError, ModelError
from rantau.records import Message

PROBE = (Message("user", "Apa kabar?"), Message("assistant", "Kabar baik."), Message("user", "Syukurlah!"))

# transformers hands every template a clock, strftime_now; a macro of that name hides it.
PIN_DATE = (
    "{% macro strftime_now(format) %}{{ format | replace('%d', '26') | replace('%B', 'July')"
    " | replace('%b', 'Jul') | replace('%m', '07') | replace('%Y', '2024') }}{% endmacro %}"
)
PIN_THINKING = "{% set enable_thinking = false %}"


def own(tokenizer: Tokenizer, system_prompt: str | None) -> Template:
    """The tokenizer's own template; dates and thinking aloud are pinned, so that runs are repeatable.

    Raises   ModelError if it fails on a plain question and answer, or writes no control token after an answer
    """
    jinja, notes = _pinned(_default(tokenizer))
    draft = make_template("own", jinja, "", tokenizer)
    try:
        end = _end(draft)
        preamble = _preamble(draft, system_prompt)
    except DataError as error:
        raise ModelError(f"The tokenizer's own chat template fails on a plain dialogue. {error}") from error
    return make_template("own", jinja, end, tokenizer, notes=(*notes, *preamble))


def _default(tokenizer: Tokenizer) -> str:
    templates = tokenizer.chat_template
    if not isinstance(templates, dict):
        return str(templates)
    if "default" not in templates:
        raise ModelError(
            f"The tokenizer has the chat templates {', '.join(sorted(templates))}, none of them named "
            "default. Choose formatting.template: chatml."
        )
    return templates["default"]


def _pinned(jinja: str) -> tuple[str, tuple[str, ...]]:
    notes = []
    if "strftime_now" in jinja:
        jinja = PIN_DATE + jinja
        notes.append("The template writes today's date; it is pinned to 26 Jul 2024, so that runs are repeatable.")
    if "enable_thinking" in jinja:
        jinja = PIN_THINKING + jinja
        notes.append("The template can ask for thinking aloud; it is switched off.")
    return jinja, tuple(notes)


def _end(draft: Template) -> str:
    """What the template writes after an answer, up to and with the first control token."""
    text = render(draft, PROBE[:2], add_generation_prompt=False)
    _, found, tail = text.rpartition(PROBE[1].content)
    token = control(draft.tokenizer).pattern.search(tail)
    if not found:
        raise ModelError(
            f"The tokenizer's own chat template does not write an answer as it stands: {PROBE[1].content!r} "
            f"became {text[-80:]!r}. Choose formatting.template: chatml."
        )
    if token is None:
        raise ModelError(
            "The tokenizer's own chat template puts no control token after an answer, so a model could never "
            "learn to stop. Choose formatting.template: chatml."
        )
    return tail[: token.end()]


def _preamble(draft: Template, system_prompt: str | None) -> tuple[str, ...]:
    """A note about words that the template writes before a dialogue that has no system message.

    They are what stands before the first question and not before the second.
    """
    pattern = control(draft.tokenizer).pattern
    texts = [
        render(draft, messages, add_generation_prompt=False).partition(messages[-1].content)[0]
        for messages in (PROBE[:1], PROBE)
    ]
    first, second = (pattern.sub("", text) for text in texts)
    pairs = zip(reversed(first), reversed(second), strict=False)
    header = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    words = first[: len(first) - header].strip().removeprefix("system").strip()
    if len(words.split()) < 2:
        return ()
    if system_prompt is not None:
        return (f'formatting.system_prompt stands in place of the template\'s own system message, "{words}".',)
    return (
        f'Before a dialogue without a system message the template writes "{words}"; formatting.system_prompt '
        "would replace it.",
    )
