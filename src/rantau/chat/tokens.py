"""What a tokenizer says about itself: its control tokens, and where a text begins and ends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from rantau.errors import ModelError

# Instruction tuning often renames eos to the end of a *turn* (SmolLM2: <|im_end|>, Llama 3: <|eot_id|>), while
# the token that separated documents in pre-training stays in the vocabulary under its old name.
END_OF_TEXT = ("<|endoftext|>", "<|end_of_text|>")
# Some tokenizers add their turn markers without calling them special.
TURN_MARKER = re.compile(r"<[|\uff5c]\S+[|\uff5c]>|<(start|end)_of_turn>")  # DeepSeek writes a wide bar


class Tokenizer(Protocol):
    """The part of transformers' PreTrainedTokenizerFast that a dialogue needs."""

    chat_template: str | dict[str, str] | None
    is_fast: bool

    @property
    def bos_token(self) -> str | None: ...
    @property
    def eos_token(self) -> str | None: ...
    @property
    def bos_token_id(self) -> int | None: ...
    @property
    def eos_token_id(self) -> int | None: ...
    @property
    def added_tokens_decoder(self) -> Mapping[int, Any]: ...
    def __len__(self) -> int: ...
    def __hash__(self) -> int: ...
    def get_vocab(self) -> Mapping[str, int]: ...
    def __call__(self, text: str, **options: Any) -> Mapping[str, Any]: ...
    def apply_chat_template(self, conversation: Sequence[Mapping[str, str]], **options: Any) -> Any: ...
    def decode(self, token_ids: Sequence[int], **options: Any) -> Any: ...
    def convert_ids_to_tokens(self, ids: Sequence[int]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Control:
    """Control tokens by text -> id, a pattern that finds them, and whether begin-of-text is written."""

    ids: Mapping[str, int]
    pattern: re.Pattern[str]
    begins: bool


def ids_of(tokenizer: Tokenizer, text: str) -> list[int]:
    """Token ids of a text as it stands: nothing is put before or after it."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


@lru_cache(maxsize=8)
def _control(tokenizer: Tokenizer, _size: int) -> Control:
    added = {str(t.content): (i, bool(t.special)) for i, t in tokenizer.added_tokens_decoder.items()}
    ids = {text: i for text, (i, special) in added.items() if special or TURN_MARKER.fullmatch(text)}
    longest_first = sorted(ids, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
    first = list(tokenizer("a", add_special_tokens=True)["input_ids"])[:1]
    begins = tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]
    return Control(ids, pattern, begins)


def control(tokenizer: Tokenizer) -> Control:
    """Facts about the tokenizer, read once; a vocabulary that grew is read again."""
    return _control(tokenizer, len(tokenizer))


def control_token_in(tokenizer: Tokenizer, text: str) -> str | None:
    """The first control token that a plain text spells out, or None.

    Such a text could end a turn, or open one, that nobody wrote: it is never encoded.
    """
    match = control(tokenizer).pattern.search(text)
    return match.group() if match else None


def uses_begin_of_text(tokenizer: Tokenizer) -> bool:
    """True if the tokenizer itself puts its begin-of-text token first.

    Having one is not enough: SmolLM2 names <|im_start|> as its begin-of-text token and never writes it.
    """
    return control(tokenizer).begins


def end_of_text(tokenizer: Tokenizer) -> tuple[str, int]:
    """Text and id of the token that separates documents: <|endoftext|> or <|end_of_text|>, else eos.

    Raises   ModelError if there is none
    """
    ids = control(tokenizer).ids
    return next(((t, ids[t]) for t in END_OF_TEXT if t in ids), None) or end_of_answer(tokenizer)


def end_of_answer(tokenizer: Tokenizer) -> tuple[str, int]:
    """Text and id of eos, at which generation stops by default.

    Raises   ModelError if there is none
    """
    if tokenizer.eos_token is None or tokenizer.eos_token_id is None:
        raise ModelError(
            "The tokenizer has no end-of-text token (eos), so a model could never learn to stop. "
            "Set eos_token in its tokenizer_config.json."
        )
    return str(tokenizer.eos_token), int(tokenizer.eos_token_id)


def start_of_text(tokenizer: Tokenizer) -> int:
    """Id of the token that stands before a document: begin-of-text if the tokenizer writes it, else the
    separator <|endoftext|>, else its unused begin-of-text, else eos.

    It is context, not text: without it the first token of a document would have nothing to be learnt from.
    Raises   ModelError if the tokenizer has none of them
    """
    bos = tokenizer.bos_token_id
    if bos is not None and uses_begin_of_text(tokenizer):
        return bos
    separator = control(tokenizer).ids.get(END_OF_TEXT[0], bos)
    return separator if separator is not None else end_of_answer(tokenizer)[1]


def encode_text(tokenizer: Tokenizer, text: str) -> list[int]:
    """Token ids of one document: the start token (context), the text and the end-of-text token (both learnt).

    For SmolLM2: <|endoftext|>, the text, <|endoftext|>; its eos <|im_end|> ends turns, not documents.
    The caller keeps texts with control tokens out (`control_token_in`).
    Raises   ModelError if the tokenizer has no end-of-text token
    """
    return [start_of_text(tokenizer), *ids_of(tokenizer, text), end_of_text(tokenizer)[1]]
