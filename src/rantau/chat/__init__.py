"""A dialogue as text, token ids and learnt spans: the same code for training, evaluation and serving."""

from rantau.chat.encode import Encoded, encode, encode_answers, encode_prompt, with_system
from rantau.chat.rendering import Template, render
from rantau.chat.templates import template_for
from rantau.chat.tokens import (
    Tokenizer,
    control_token_in,
    encode_text,
    end_of_text,
    start_of_text,
    uses_begin_of_text,
)

__all__ = [
    "Encoded",
    "Template",
    "Tokenizer",
    "control_token_in",
    "encode",
    "encode_answers",
    "encode_prompt",
    "encode_text",
    "end_of_text",
    "render",
    "start_of_text",
    "template_for",
    "uses_begin_of_text",
    "with_system",
]
