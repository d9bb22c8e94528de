"""The tokenizer of a base model, with a pad token of its own and a known mark for the start of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rantau.errors import ModelError
from rantau.model.base import resolve_base
from rantau.model.quiet import Says, quiet_transformers
from rantau.recipe import Model

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

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


def load_tokenizer(model: Model, progress: Says | None = None) -> PreTrainedTokenizerFast:
    """The base's own tokenizer, from local files only; its vocabulary never grows.

    Raises   SourceError, ModelError (see resolve_base); ModelError if it is not a fast tokenizer
    """
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
    tokenizer.pad_token = pad_token_for(tokenizer)
    tokenizer.name_or_path = model.base
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
