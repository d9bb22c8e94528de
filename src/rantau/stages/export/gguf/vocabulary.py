"""The tokenizer in a GGUF file: tokens with their kinds, merges, special ids, chat template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.chat import uses_begin_of_text
from rantau.chat.tokens import END_OF_TEXT, control
from rantau.errors import ModelError
from rantau.stages.export.gguf.split import split_name

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """tokens  one text for each row of the embedding, byte-level letters as in tokenizer.json
    kinds   same length; 1 normal, 3 control, 4 taken out of a text before it is cut, 5 a row nobody uses
    merges  pairs in order, each joined by a space
    split   tokenizer.ggml.pre
    """

    tokens: list[str]
    kinds: list[int]
    merges: list[str]
    split: str


def read_vocabulary(tokenizer: PreTrainedTokenizerFast, *, n_rows: int) -> Vocabulary:
    """n_rows   rows of the embedding; those past the tokenizer's last token are padding
    Raises   ModelError as `split_name`, or if the tokenizer has more tokens than the model has rows
    """
    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    by_id = {i: token for token, i in tokenizer.get_vocab().items()}
    if by_id and max(by_id) >= n_rows:
        raise ModelError(
            f"GGUF: the tokenizer has token {max(by_id)}, but the model's embedding ends at {n_rows - 1}. "
            "Export the merged model again."
        )
    added, special = tokenizer.added_tokens_decoder, set(control(tokenizer).ids.values())
    kinds = [_kind(i, by_id, added, special) for i in range(n_rows)]
    tokens = [by_id.get(i, f"[PAD{i}]") for i in range(n_rows)]
    return Vocabulary(tokens, kinds, [_pair(m) for m in backend["model"]["merges"]], split_name(backend))


def _kind(i: int, by_id: dict[int, str], added: Any, special: set[int]) -> int:
    if i not in by_id:
        return UNUSED
    if i in special:
        return CONTROL
    return USER_DEFINED if i in added else NORMAL


def _pair(merge: str | Sequence[str]) -> str:
    return merge if isinstance(merge, str) else " ".join(merge)


def add_vocabulary(
    writer: Any, tokenizer: PreTrainedTokenizerFast, *, n_rows: int, stop_ids: Sequence[int]
) -> None:
    """Writes the keys tokenizer.*

    stop_ids  at which generation ends; llama.cpp knows eos and one more, and finds the others by their names
    """
    found = read_vocabulary(tokenizer, n_rows=n_rows)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(found.split)
    writer.add_token_list(found.tokens)
    writer.add_token_types(found.kinds)
    writer.add_token_merges(found.merges)
    for kind in ("bos", "eos", "unk", "pad"):
        if (number := getattr(tokenizer, f"{kind}_token_id")) is not None:
            getattr(writer, f"add_{kind}_token_id")(number)
    if (turn := _end_of_turn(tokenizer, stop_ids)) is not None:
        writer.add_eot_token_id(turn)
    writer.add_add_bos_token(uses_begin_of_text(tokenizer))
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(tokenizer.chat_template)


def _end_of_turn(tokenizer: PreTrainedTokenizerFast, stop_ids: Sequence[int]) -> int | None:
    named = {control(tokenizer).ids.get(token) for token in END_OF_TEXT}
    return next((i for i in stop_ids if i != tokenizer.eos_token_id and i not in named), None)


def read_stop_ids(folder: Path) -> tuple[int, ...]:
    """eos_token_id of generation_config.json, one or several; () if there is none."""
    path = folder / "generation_config.json"
    found = files.read_json(path).get("eos_token_id") if path.is_file() else None
    return () if found is None else tuple(found) if isinstance(found, list) else (found,)
