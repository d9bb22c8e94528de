"""The three templates that rantau brings: ChatML, Llama 3.1, and plain User:/Assistant:."""

from __future__ import annotations

import json

from rantau.chat.rendering import Template, make_template
from rantau.chat.tokens import Tokenizer, control, end_of_answer, uses_begin_of_text

CHATML = (
    "{{ BEGIN }}{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' }}"
    "{% if message['role'] == 'assistant' %}{{ STOP }}{% endif %}{{ '\\n' }}{% endfor %}"
)

# Seed 003, table 1: a dated system block before every dialogue. Its ids begin with 128000 twice, because the
# rendered text was tokenised with special tokens added once more; here begin-of-text stands once.
LLAMA_31 = (
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] | trim %}"
    "{% set turns = messages[1:] %}{% else %}{% set system = '' %}{% set turns = messages %}{% endif %}"
    "{{ BEGIN }}{{ '<|start_header_id|>system<|end_header_id|>\\n\\n' }}"
    "{{ 'Cutting Knowledge Date: December 2023\\nToday Date: 26 July 2024\\n\\n' + system + '<|eot_id|>' }}"
    "{% for message in turns %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim }}"
    "{{ '<|eot_id|>' }}{% if message['role'] == 'assistant' %}{{ STOP }}{% endif %}{% endfor %}"
)

# Seed 001 writes the turns so and ends nowhere; here each answer ends with eos. The prompt ends in "Assistant:"
# without a space: the space belongs to the first token of the answer, in training as in use.
PLAIN = (
    "{{ BEGIN }}{% for message in messages %}{% if not loop.first %}{{ '\\n' }}{% endif %}"
    "{{ message['role'] | capitalize + ': ' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ STOP }}{% endif %}{% endfor %}"
)

HEADERS = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")


def chatml(tokenizer: Tokenizer) -> Template:
    """ChatML: <|im_start|>role, newline, content, <|im_end|>, newline."""
    stop, notes = _stop_beside(tokenizer, "chatml", ("<|im_start|>", "<|im_end|>"))
    jinja = _filled(CHATML, begin=_begin(tokenizer), stop=stop, prompt="<|im_start|>assistant\n")
    return make_template("chatml", jinja, "<|im_end|>" + stop, tokenizer, notes=notes)


def llama31(tokenizer: Tokenizer) -> Template:
    """Llama 3.1 as seed 003 wrote it, contents trimmed, begin-of-text once."""
    stop, notes = _stop_beside(tokenizer, "llama-3.1", HEADERS)
    named = "<|begin_of_text|>" if "<|begin_of_text|>" in control(tokenizer).ids else ""
    prompt = "<|start_header_id|>assistant<|end_header_id|>\n\n"
    jinja = _filled(LLAMA_31, begin=_begin(tokenizer) or named, stop=stop, prompt=prompt)
    dated = "Every dialogue opens with a system block that names two dates, as in seed 003."
    return make_template("llama-3.1", jinja, "<|eot_id|>" + stop, tokenizer, notes=(dated, *notes))


def plain(tokenizer: Tokenizer) -> Template:
    """Seed 001's "User: ..." and "Assistant: ...", a line each, with eos after each answer."""
    stop = end_of_answer(tokenizer)[0]
    jinja = _filled(PLAIN, begin=_begin(tokenizer), stop=stop, prompt="\nAssistant:")
    return make_template("plain", jinja, stop, tokenizer)


def _filled(jinja: str, *, begin: str, stop: str, prompt: str) -> str:
    """The template with its words in place, and without the clauses that would write nothing."""
    if not begin:
        jinja = jinja.replace("{{ BEGIN }}", "")
    if not stop:
        jinja = jinja.replace("{% if message['role'] == 'assistant' %}{{ STOP }}{% endif %}", "")
    jinja = jinja.replace("BEGIN", _quoted(begin)).replace("STOP", _quoted(stop))
    return jinja + "{% if add_generation_prompt %}{{ " + _quoted(prompt) + " }}{% endif %}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _begin(tokenizer: Tokenizer) -> str:
    return str(tokenizer.bos_token) if uses_begin_of_text(tokenizer) else ""


def _stop_beside(tokenizer: Tokenizer, name: str, needed: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Nothing, or eos where a control token is missing: its letters are plain text and stop no generation."""
    missing = [t for t in needed if t not in control(tokenizer).ids]
    if not missing:
        return "", ()
    eos = end_of_answer(tokenizer)[0]
    note = (
        f"The vocabulary has no control token {', '.join(missing)}: formatting.template {name} spells it in "
        f"plain text tokens, and each answer ends with {eos} as well."
    )
    return eos, (note,)
