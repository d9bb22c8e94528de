"""The tokenizer of a base model, with a pad token of its own and a known mark for the start of a document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rantau.errors import ModelError, SourceError
from rantau.model.base import resolve_base
from rantau.model.extension import read_plain
from rantau.model.quiet import Says, quiet_transformers
from rantau.model.vocabulary import TOKENIZER_FOLDER
from rantau.recipe import Model

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FastTokenizer: TypeAlias = "PreTrainedTokenizerFast"
"""Its type, for rooms that name no transformers."""

# Tokens that models reserve and no text of ours contains, best first. <empty_output> (SmolLM2) marks an
# empty notebook cell; <|endoftext|> is last because it may also part documents, and is then learnt.
PAD_CANDIDATES = (
    "<|finetune_right_pad_id|>",
    "<|reserved_special_token_0|>",
    "<|padding|>",
    "<|pad|>",
    "<pad>",
    "[PAD]",
    "<|fim_pad|>",
    "<fim_pad>",
    "<empty_output>",
    "<unused0>",
    "<|endoftext|>",
)


def load_tokenizer(
    model: Model, progress: Says | None = None, *, vocabulary: Path | None = None
) -> PreTrainedTokenizerFast:
    """The base's own tokenizer, or the same with the words of a vocabulary stage; from local files only.

    vocabulary   folder of the finished stage "vocabulary"; None = the base's own tokens and no other
    Raises       SourceError, ModelError (see resolve_base); ModelError if it is not a fast tokenizer
    """
    found = _own(model, progress) if vocabulary is None else _extended(vocabulary / TOKENIZER_FOLDER)
    tokenizer = _named(found, model.base)
    tokenizer.pad_token = pad_token_for(tokenizer)
    return tokenizer


def open_tokenizer(place: str) -> PreTrainedTokenizerFast:
    """A tokenizer alone, to count with: of a base model as recipes name it, or a folder that holds no model.

    Raises   SourceError, ModelError (see load_tokenizer); SourceError if a folder has neither
    """
    folder = Path(place).expanduser()
    if folder.is_dir() and not (folder / "config.json").is_file():
        if not (folder / "tokenizer.json").is_file():
            raise SourceError(f"{place}: no tokenizer there. Name a folder with tokenizer.json, or a base model.")
        return _named(_extended(folder), place)
    return _named(_own(Model(base=place), None), place)


def _own(model: Model, progress: Says | None) -> PreTrainedTokenizerFast:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    folder = resolve_base(model, progress, weights=False)
    quiet_transformers()
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder.path,
            local_files_only=True,
            trust_remote_code=model.allow_custom_code == model.base,
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{model.base}: its tokenizer cannot be loaded: {error}") from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{model.base}: has no tokenizer.json; exact spans and streaming need a fast tokenizer.")
    return tokenizer


def _extended(folder: Path) -> PreTrainedTokenizerFast:
    quiet_transformers()
    try:
        return read_plain(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: its tokenizer cannot be loaded: {error}") from error


def _named(tokenizer: PreTrainedTokenizerFast, name: str) -> PreTrainedTokenizerFast:
    tokenizer.name_or_path = name
    for key in ("is_local", "local_files_only"):  # else saved with the tokenizer, as facts of this machine
        tokenizer.init_kwargs.pop(key, None)
    return tokenizer


def pad_token_for(tokenizer: PreTrainedTokenizerFast) -> str:
    """A token of the vocabulary for padding: its own if that is neither eos nor bos, else a reserved one.

    If padding were eos, a collator that masks padding would mask the ends of answers, and the model would
    never learn to stop.
    Raises   ModelError if the vocabulary has no such token
    """
    taken = {tokenizer.eos_token, tokenizer.bos_token, None}
    vocabulary = tokenizer.get_vocab()
    for candidate in (tokenizer.pad_token, *PAD_CANDIDATES, tokenizer.unk_token):
        if candidate not in taken and candidate in vocabulary:
            return str(candidate)
    raise ModelError(
        f"{tokenizer.name_or_path}: the vocabulary has no token to pad with besides {tokenizer.eos_token}. "
        "Set pad_token in its tokenizer_config.json to a token that texts do not contain."
    )


def document_start_id(tokenizer: PreTrainedTokenizerFast) -> int | None:
    """The token that stands before running text: what the tokenizer itself puts there, else <|endoftext|>
    if the vocabulary has it, else bos, else eos, else none.

    <|endoftext|> goes before bos because chat models rename bos: SmolLM2-Instruct's is <|im_start|>, which
    opens a turn, while its texts were parted by <|endoftext|>.
    """
    own = tokenizer("").input_ids
    if own:
        return int(own[0])
    for token in ("<|endoftext|>", tokenizer.bos_token, tokenizer.eos_token):
        if token is not None and token in tokenizer.get_vocab():
            return int(tokenizer.convert_tokens_to_ids(token))
    return None
