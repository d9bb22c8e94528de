"""What a text costs a model, in nats."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.errors import MeasureError
from rantau.model.tokenizer import document_start_id

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def bits_per_byte(nats: float, *, n_bytes: int) -> float:
    """Summed loss per UTF-8 byte of text, which a finer tokeniser cannot flatter.

    nats     negative log-likelihood summed over the counted targets, natural log, >= 0
    n_bytes  UTF-8 bytes of those same targets; special tokens count 0
    Returns  bits per byte, infinity when nothing was counted
    Raises   MeasureError if nats is negative or not finite, or n_bytes negative
    """
    if not math.isfinite(nats) or nats < 0 or n_bytes < 0:
        raise MeasureError(f"bits per byte needs nats >= 0 and n_bytes >= 0, got {nats} and {n_bytes}.")
    return nats / math.log(2) / n_bytes if n_bytes else math.inf


@dataclass(frozen=True, slots=True)
class _Window:
    """Part of one row that the model sees at once: ids[begin:end], of which ids[first:end] are scored."""

    row: int
    begin: int
    first: int
    end: int


def score_text(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, text: str, context_tokens: int
) -> tuple[float, int]:
    """(summed nats, number of scored tokens) of one text; see score_texts."""
    return score_texts(model, tokenizer, [text], context_tokens=context_tokens)[0]


def score_texts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    texts: list[str],
    *,
    context_tokens: int,
    batch_tokens: int = 2048,
) -> list[tuple[float, int]]:
    """(summed nats, number of scored tokens) of each text.

    Every token of a text is scored, the first one too: the model sees tokenizer.document_start_id before
    it. No end token is scored. Special tokens written out in a text are read as text.
    Raises   MeasureError if the tokenizer has no token to start a document with, or a loss is not finite
    """
    start = document_start_id(tokenizer)
    if start is None:
        raise MeasureError(f"{tokenizer.name_or_path}: no bos and no eos token, so a first token has no context.")
    rows = [[start, *_ids(tokenizer, text)] for text in texts]
    found = token_nats(model, rows, context_tokens=context_tokens, batch_tokens=batch_tokens)
    return [(math.fsum(nats), len(nats)) for nats in found]


def score_rows(
    model: PreTrainedModel,
    rows: Sequence[tuple[Sequence[int], Sequence[bool]]],
    *,
    context_tokens: int,
    batch_tokens: int = 2048,
) -> list[tuple[float, int]]:
    """(summed nats, number of scored tokens) of some tokens of each row, such as those of an answer.

    rows     token ids, and for each True where it is scored; the first token is context only
    Raises   MeasureError if a row scores its first token or none at all, or a loss is not finite
    """
    for n, (ids, scored) in enumerate(rows):
        if len(ids) != len(scored) or not any(scored) or scored[0]:
            raise MeasureError(
                f"row {n}: one mark per token, the first one False and one or more True, are needed."
            )
    plain, marks = [list(ids) for ids, _ in rows], [list(scored) for _, scored in rows]
    found = token_nats(model, plain, context_tokens=context_tokens, batch_tokens=batch_tokens, scored=marks)
    return [
        (math.fsum(v for v, counted in zip(nats, scored[1:], strict=True) if counted), sum(scored))
        for nats, scored in zip(found, marks, strict=True)
    ]


def _ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids)


def token_nats(
    model: PreTrainedModel,
    rows: list[list[int]],
    *,
    context_tokens: int,
    batch_tokens: int = 2048,
    scored: list[list[bool]] | None = None,
) -> list[list[float]]:
    """Negative log-likelihood of every token of each row but the first, which is context only, in nats.

    A row longer than context_tokens is read in windows that move on by half of it: every token is scored
    once, and has at least context_tokens // 2 tokens before it from the second window on.

    batch_tokens  most tokens, padding included, in one forward pass; one row may exceed it. Logits of one
                  pass take 4 bytes x batch_tokens x vocabulary.
    scored        for each token of each row whether it is; None = all. A window in which nothing is scored
                  is not read, and logits are made only where a token is scored
    Returns       for each row len(row) - 1 values, softmax in float32; 0.0 where nothing is scored
    Raises        MeasureError if a value is not finite
    """
    nats: list[list[float]] = [[0.0] * (len(row) - 1) for row in rows]
    marks = scored or [[True] * len(row) for row in rows]
    windows = [w for n, row in enumerate(rows) for w in _windows(n, len(row), context_tokens)]
    asked = [w for w in windows if any(marks[w.row][w.first : w.end])]
    for batch in _batches(sorted(asked, key=lambda w: (w.end - w.begin, w.row, w.begin)), batch_tokens):
        for window, found in zip(batch, _window_nats(model, rows, marks, batch), strict=True):
            if not all(map(math.isfinite, found.values())):
                raise MeasureError("the model gives a text a loss that is not finite. Try model.dtype: float32.")
            for place, value in found.items():
                nats[window.row][window.begin + place - 1] = value
    return nats


def _windows(row: int, length: int, context: int) -> Iterator[_Window]:
    stride, first, begin = max(context // 2, 1), 1, 0
    while first < length:
        end = min(begin + context, length)
        yield _Window(row, begin, first, end)
        first, begin = end, begin + stride


def _batches(windows: list[_Window], batch_tokens: int) -> Iterator[list[_Window]]:
    """Windows come shortest first, so the last one of a batch is its width."""
    batch: list[_Window] = []
    for window in windows:
        if batch and (len(batch) + 1) * (window.end - window.begin) > batch_tokens:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _window_nats(
    model: PreTrainedModel, rows: list[list[int]], marks: list[list[bool]], batch: list[_Window]
) -> list[dict[int, float]]:
    """For each window: place in it of a scored token -> its loss. One forward pass."""
    import torch

    width = max(w.end - w.begin for w in batch)
    parts = [rows[w.row][w.begin : w.end] for w in batch]
    places = [[n - w.begin for n in range(w.first, w.end) if marks[w.row][n]] for w in batch]
    seen_from = sorted({place - 1 for row in places for place in row})  # a token is foretold by the one before
    column = {place: n for n, place in enumerate(seen_from)}
    padded = torch.tensor([p + [0] * (width - len(p)) for p in parts], device=model.device)  # (batch, width) int64
    with torch.inference_mode():
        # Padding stands on the right: a causal model cannot see it from the left, and it is never scored.
        logits = _logits_at(model, padded, seen_from)  # (batch, len(seen_from), vocab)
        return [
            dict(zip(row, _losses(logits[n, [column[p - 1] for p in row]], padded[n, row]), strict=True))
            for n, row in enumerate(places)
        ]


def _logits_at(model: PreTrainedModel, padded: torch.Tensor, places: list[int]) -> torch.Tensor:
    """(batch, len(places), vocab): the vocabulary of 128,000 is multiplied out only where it is needed."""
    import torch

    if len(places) == padded.shape[1] - 1 or not _keeps_some(model):
        return model(input_ids=padded, use_cache=False).logits[:, places]  # type: ignore[no-any-return]
    kept = torch.tensor(places, device=padded.device)
    return model(input_ids=padded, use_cache=False, logits_to_keep=kept).logits  # type: ignore[no-any-return]


def _keeps_some(model: Any) -> bool:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return hasattr(base, "forward") and "logits_to_keep" in inspect.signature(base.forward).parameters


def _losses(logits: torch.Tensor, ids: torch.Tensor) -> list[float]:
    """logits: (scored, vocab), float32 one row of the batch at a time; ids: (scored,) int64"""
    import torch

    losses = torch.nn.functional.cross_entropy(logits.float(), ids, reduction="none")
    return [float(value) for value in losses.tolist()]
