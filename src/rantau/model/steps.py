"""Decoding, one forward pass at a time: the key-value cache, and the tokens that end an answer."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rantau.errors import ModelError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class Steps:
    """A batch that grows by one column a step. Prompts are padded on the left; equal ones are read once."""

    def __init__(self, model: PreTrainedModel, prompts: list[list[int]], *, pad_id: int) -> None:
        import torch

        unlike = list(dict.fromkeys(map(tuple, prompts)))
        longest = max(map(len, unlike))
        padded = [[pad_id] * (longest - len(p)) + list(p) for p in unlike]
        seen = [[0] * (longest - len(p)) + [1] * len(p) for p in unlike]
        self._model = model
        self._cache: Any = None
        self._fresh = torch.tensor(padded, device=model.device)  # (batch, new columns) int64
        self._mask = torch.tensor(seen, device=model.device)  # (batch, all columns) int64, 0 = padding
        self._last_only = {"logits_to_keep": 1} if _keeps_last(model) else {}
        place = {prompt: n for n, prompt in enumerate(unlike)}
        self._copies = [place[tuple(p)] for p in prompts] if len(unlike) < len(prompts) else None

    def logits(self) -> torch.Tensor:
        """(batch, vocab) float32: scores of the next token."""
        import torch

        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)[:, -self._fresh.shape[1] :]
        with torch.inference_mode():  # not around a whole answer: a generator would leak it to its caller
            out = self._model(
                input_ids=self._fresh,
                attention_mask=self._mask,
                position_ids=positions,
                past_key_values=self._cache,
                use_cache=True,
                **self._last_only,
            )
            self._cache = out.past_key_values
            scores: torch.Tensor = out.logits[:, -1].float()
        if self._copies is None:
            return scores
        rows, self._copies = torch.tensor(self._copies, device=scores.device), None
        self.keep(rows)
        return scores[rows]

    def push(self, ids: torch.Tensor) -> None:
        """Appends one token a row. ids: (batch,) int64"""
        import torch

        self._fresh = ids[:, None]
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(ids), 1)], dim=1)

    def keep(self, rows: torch.Tensor) -> None:
        """Goes on with these rows only; a row may come more than once. rows: (kept,) int64"""
        import torch

        with torch.inference_mode():
            self._cache.batch_select_indices(rows)
        self._fresh, self._mask = self._fresh[rows], self._mask[rows]


def _keeps_last(model: Any) -> bool:
    """Whether the model can leave out the logits of the prompt, which for 16 prompts take a gigabyte."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(base.forward).parameters


def stop_token_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, more: Iterable[int] = ()
) -> frozenset[int]:
    """The tokenizer's eos, all end tokens of the model's generation config, and `more`."""
    configured = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    listed = configured if isinstance(configured, list) else [configured]
    return frozenset(int(i) for i in (tokenizer.eos_token_id, *listed, *more) if i is not None)


def room_for(model: PreTrainedModel, n_prompt: int, max_new_tokens: int) -> int:
    """max_new_tokens, or less where the context ends.

    Raises   ModelError if the prompt is empty or fills the context
    """
    context = getattr(model.config, "max_position_embeddings", None) or n_prompt + max_new_tokens
    if not 0 < n_prompt < context:
        raise ModelError(
            f"a prompt of {n_prompt} tokens: this model takes 1 to {context - 1}. Shorten it, or start a new talk."
        )
    return int(min(max_new_tokens, context - n_prompt))
