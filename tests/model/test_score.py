"""Nats: equal to a plain forward pass, each token once, whatever the batches and windows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import MeasureError
from rantau.machine import Machine
from rantau.model.load import load_base
from rantau.model.score import bits_per_byte, score_rows, score_text, score_texts, token_nats
from rantau.model.tokenizer import document_start_id, load_tokenizer
from rantau.recipe import Model

TEXTS = ["Halo dunia, selamat pagi.", "x", "서울은 대한민국의 수도이다.", "The quick brown fox " * 9]


@pytest.fixture(scope="module")
def pair(tiny_base: Path) -> Any:
    model = Model(base=str(tiny_base))
    return load_base(model, Machine()), load_tokenizer(model)


def plain_nats(model: Any, ids: list[int]) -> list[float]:
    """One forward pass over the whole row."""
    import torch

    with torch.no_grad():
        log_p = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    return [-float(log_p[n - 1, ids[n]]) for n in range(1, len(ids))]


def rows_of(tokenizer: Any) -> list[list[int]]:
    return [[0, *tokenizer(text).input_ids] for text in TEXTS]


@pytest.mark.parametrize("batch_tokens", [1, 64, 4096])
def test_batches_change_nothing(pair: Any, batch_tokens: int) -> None:
    model, tokenizer = pair
    rows = rows_of(tokenizer)
    found = token_nats(model, rows, context_tokens=512, batch_tokens=batch_tokens)
    for values, row in zip(found, rows, strict=True):
        assert values == pytest.approx(plain_nats(model, row), abs=1e-5)


@pytest.mark.parametrize("context", [2, 3, 7, 16, 17])
def test_windows_score_each_token_once_with_half_a_context_before_it(pair: Any, context: int) -> None:
    model, tokenizer = pair
    row = rows_of(tokenizer)[3]
    found = token_nats(model, [row], context_tokens=context, batch_tokens=64)[0]
    expected, begin = [math.nan] * len(row), 0
    for n in range(1, len(row)):
        while n >= begin + context:
            begin += max(context // 2, 1)
        assert begin == 0 or n - begin >= context // 2
        expected[n] = plain_nats(model, row[begin : n + 1])[-1]
    assert found == pytest.approx(expected[1:], abs=1e-5)


def test_more_context_is_not_used_than_was_asked_for(pair: Any) -> None:
    model, tokenizer = pair
    row = rows_of(tokenizer)[3]
    narrow = token_nats(model, [row], context_tokens=16)[0]
    wide = token_nats(model, [row], context_tokens=512)[0]
    assert narrow[:15] == pytest.approx(wide[:15], abs=1e-5)
    assert narrow[16:] != pytest.approx(wide[16:], abs=1e-5)


@pytest.mark.parametrize("context", [16, 512])
@pytest.mark.parametrize("batch_tokens", [1, 4096])
def test_marked_tokens_cost_what_they_cost_among_the_others(pair: Any, context: int, batch_tokens: int) -> None:
    model, tokenizer = pair
    rows = rows_of(tokenizer)
    marks = [[False, *(n % 3 == shift % 3 for n in range(1, len(row)))] for shift, row in enumerate(rows)]
    marks[1][-1] = True  # a row of one token and its start
    whole = token_nats(model, rows, context_tokens=context)
    found = score_rows(
        model, list(zip(rows, marks, strict=True)), context_tokens=context, batch_tokens=batch_tokens
    )
    expected = [
        sum(v for v, yes in zip(nats, m[1:], strict=True) if yes) for nats, m in zip(whole, marks, strict=True)
    ]
    assert [nats for nats, _ in found] == pytest.approx(expected, abs=1e-4)
    assert [n for _, n in found] == [sum(m) for m in marks]


@pytest.mark.parametrize("marks", [[True, False], [False, False], [False, True, True]])
def test_a_row_that_scores_its_start_or_nothing_is_refused(pair: Any, marks: list[bool]) -> None:
    with pytest.raises(MeasureError, match="row 0: one mark per token"):
        score_rows(pair[0], [([0, 5], marks)], context_tokens=16)


def test_a_row_with_nothing_but_its_start_costs_nothing(pair: Any) -> None:
    assert token_nats(pair[0], [[0], [0, 5]], context_tokens=16)[0] == []


def test_the_first_token_is_scored_after_the_start_of_a_document(pair: Any) -> None:
    model, tokenizer = pair
    ids = [document_start_id(tokenizer), *tokenizer(TEXTS[0]).input_ids]
    nats, n_tokens = score_text(model, tokenizer, TEXTS[0], 512)
    assert n_tokens == len(ids) - 1
    assert nats == pytest.approx(sum(plain_nats(model, ids)), abs=1e-4)


def test_texts_come_back_in_their_order(pair: Any) -> None:
    model, tokenizer = pair
    together = score_texts(model, tokenizer, TEXTS, context_tokens=32, batch_tokens=100)
    alone = [score_text(model, tokenizer, text, 32) for text in TEXTS]
    assert [n for _, n in together] == [n for _, n in alone]
    assert [v for v, _ in together] == pytest.approx([v for v, _ in alone], abs=1e-4)


def test_special_tokens_in_a_text_are_read_as_text(pair: Any) -> None:
    _, n_tokens = score_text(*pair, "a<|im_end|>b", 512)
    assert n_tokens > 3


def test_a_model_that_is_confident_costs_little() -> None:
    """Closed form: a uniform model costs ln(vocabulary) nats a token."""
    from types import SimpleNamespace

    import torch

    def uniform(input_ids: Any, **_: Any) -> Any:
        return SimpleNamespace(logits=torch.zeros(*input_ids.shape, 50))

    model: Any = type("Uniform", (), {"device": "cpu", "__call__": staticmethod(uniform)})()
    assert token_nats(model, [[1, 2, 3, 4]], context_tokens=16)[0] == pytest.approx([math.log(50)] * 3)


def test_a_loss_that_is_no_number_is_an_error() -> None:
    from types import SimpleNamespace

    import torch

    def broken(input_ids: Any, **_: Any) -> Any:
        return SimpleNamespace(logits=torch.full((*input_ids.shape, 50), math.nan))

    model: Any = type("Broken", (), {"device": "cpu", "__call__": staticmethod(broken)})()
    with pytest.raises(MeasureError, match=r"not finite\. Try model\.dtype: float32"):
        token_nats(model, [[1, 2]], context_tokens=16)


@pytest.mark.parametrize(
    ("nats", "n_bytes", "bits"),
    [
        (math.log(2) * 8, 1, 8.0),
        (math.log(256), 1, 8.0),
        (1.0, 4, 0.25 / math.log(2)),
        (0.0, 9, 0.0),
        (3.0, 0, math.inf),
    ],
)
def test_bits_per_byte_in_closed_form(nats: float, n_bytes: int, bits: float) -> None:
    assert bits_per_byte(nats, n_bytes=n_bytes) == pytest.approx(bits)


@pytest.mark.parametrize(("nats", "n_bytes"), [(-1.0, 4), (math.nan, 4), (math.inf, 4), (1.0, -1)])
def test_bits_per_byte_refuses_what_is_no_loss(nats: float, n_bytes: int) -> None:
    with pytest.raises(MeasureError, match=f"got {nats} and {n_bytes}"):
        bits_per_byte(nats, n_bytes=n_bytes)
