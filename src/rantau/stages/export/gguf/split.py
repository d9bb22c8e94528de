"""How a byte-level tokenizer cuts text before it joins pieces, by the name that llama.cpp gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rantau.errors import ModelError

GPT2, DIGITS_APART = "gpt-2", "smollm"
# Names of patterns that transformers keeps for reading GGUF.
NAMED = ("llama-bpe", "qwen2", "gpt-4o", "tekken")
# With these names llama.cpp looks a whole word up before it joins pieces; dbrx cuts as llama-bpe and does not.
WHOLE_WORDS, PIECES_ONLY = ("llama-bpe", "tekken"), {"llama-bpe": "dbrx"}


def split_name(tokenizer: Mapping[str, Any]) -> str:
    """Value of tokenizer.ggml.pre for the contents of a tokenizer.json.

    Raises   ModelError if it is no byte-level BPE, or cuts in a way that llama.cpp has no name for here
    """
    model = tokenizer["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise ModelError(
            f"GGUF: the tokenizer is {model.get('type')}, not byte-level BPE; only that is written here. Leave "
            "export.gguf empty and convert the merged model with llama.cpp's own script."
        )
    steps = _steps(tokenizer.get("pre_tokenizer"))
    name, whole_words = _name(steps), bool(model.get("ignore_merges"))
    if name in WHOLE_WORDS and not whole_words:
        name = PIECES_ONLY.get(name)
    if name is None:
        kinds = ", ".join(str(step.get("type")) for step in steps) or "nothing"
        raise ModelError(
            f"GGUF: the tokenizer cuts text by {kinds} in a way that has no name in llama.cpp as known here; it "
            "would read text cut as never in training. Leave export.gguf empty."
        )
    if whole_words and name not in WHOLE_WORDS:
        raise ModelError(
            "GGUF: the tokenizer looks whole words up before it joins pieces, as vocabulary.extend makes it do; "
            f"llama.cpp does not where text is cut as {name} does, and would read the new words in pieces. Leave "
            "export.gguf empty: safetensors and CTranslate2 keep the words."
        )
    return name


def _steps(pre: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if pre is None:
        return []
    return list(pre["pretokenizers"]) if pre.get("type") == "Sequence" else [pre]


def _name(steps: list[Mapping[str, Any]]) -> str | None:
    kinds = [step.get("type") for step in steps]
    if not kinds or kinds[-1] != "ByteLevel" or steps[-1].get("add_prefix_space"):
        return None
    by_gpt2 = steps[-1].get("use_regex", True)
    if kinds == ["ByteLevel"] and by_gpt2:
        return GPT2
    if kinds == ["Digits", "ByteLevel"] and by_gpt2 and steps[0].get("individual_digits"):
        return DIGITS_APART
    if kinds == ["Split", "ByteLevel"] and not by_gpt2:
        return _by_pattern(steps[0])
    return None


def _by_pattern(step: Mapping[str, Any]) -> str | None:
    pattern = step.get("pattern", {}).get("Regex")
    if step.get("behavior") != "Isolated" or step.get("invert"):
        return None
    patterns = _patterns()
    return next((name for name in NAMED if patterns.get(name) == pattern), None)


def _patterns() -> Mapping[str, str]:
    try:
        from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
    except ImportError:  # releases without the table: such tokenizers are refused
        return {}
    found: Mapping[str, str] = GGUF_PRE_TOKENIZER_SPLITS
    return found
