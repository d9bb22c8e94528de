"""Tokenizers and dialogues for the tests of chat."""

from transformers import PreTrainedTokenizerFast

from rantau.records import Dialogue, Message, Role
from tests.tiny import build_tiny_tokenizer

LLAMA_TOKENS = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]


def llama_tokenizer() -> PreTrainedTokenizerFast:
    """The tiny tokenizer with Llama 3's control tokens; it writes begin-of-text itself, as Llama's does."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = build_tiny_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": LLAMA_TOKENS})
    tokenizer.bos_token, tokenizer.eos_token = "<|begin_of_text|>", "<|eot_id|>"
    begin = ("<|begin_of_text|>", tokenizer.convert_tokens_to_ids("<|begin_of_text|>"))
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{begin[0]} $A", special_tokens=[begin]
    )
    tokenizer.chat_template = None
    return tokenizer


def bare_tokenizer(*, end: str = "<|endoftext|>", eos: bool = True) -> PreTrainedTokenizerFast:
    """A base model's tokenizer: no chat tokens, no template, one end-of-text token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=[end],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        vocab_size=257,
        show_progress=False,
    )
    backend.train_from_iterator([], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=end if eos else None)


def dialogue(*turns: str, system: str | None = None) -> Dialogue:
    """User and assistant by turns, the user first."""
    roles: list[Role] = ["user", "assistant"]
    messages = [Message(roles[i % 2], turn) for i, turn in enumerate(turns)]
    return Dialogue(tuple([Message("system", system)] if system is not None else []) + tuple(messages))


def learnt_text(tokenizer: PreTrainedTokenizerFast, ids: list[int], learnt: list[bool]) -> str:
    return str(tokenizer.decode([i for i, yes in zip(ids, learnt, strict=True) if yes]))
