"""The loss of a batch: what is learnt, what is not, and that parts add up to the whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rantau.stages.training.loss import NOT_LEARNT, collate, parts, summed_nats

PAD = 3
END = 2
ROWS = [
    (np.array([5, 6, 7, END], np.int32), np.array([False, True, True, True])),
    (np.array([8, 9, 10, PAD, 11, 12, END], np.int32), np.array([False] * 3 + [True] * 4)),
    (np.array([13, END], np.int32), np.array([False, True])),
]


def test_labels_are_the_learnt_tokens_and_never_padding() -> None:
    batch = collate(ROWS, pad_id=END)
    assert batch["labels"].tolist() == [
        [NOT_LEARNT, 6, 7, END, NOT_LEARNT, NOT_LEARNT, NOT_LEARNT],
        [NOT_LEARNT, NOT_LEARNT, NOT_LEARNT, PAD, 11, 12, END],
        [NOT_LEARNT, END] + [NOT_LEARNT] * 5,
    ]
    assert batch["input_ids"][0].tolist() == [5, 6, 7, END, END, END, END]
    assert batch["attention_mask"].sum(dim=1).tolist() == [4, 7, 2]
    assert not (batch["labels"] != NOT_LEARNT)[batch["attention_mask"] == 0].any()
    assert int((batch["labels"] == END).sum()) == len(ROWS)


def test_a_learnt_first_token_is_no_target() -> None:
    batch = collate([(np.array([5, 6], np.int32), np.array([True, True]))], pad_id=PAD)
    assert batch["labels"].tolist() == [[NOT_LEARNT, 6]]


def test_parts_are_cut_to_their_own_longest_row() -> None:
    assert [tuple(p["input_ids"].shape) for p in parts(collate(ROWS, pad_id=PAD), 1)] == [(1, 4), (1, 7), (1, 2)]


@pytest.fixture
def model(tiny_base: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float64)


def test_the_sum_is_that_of_plain_cross_entropy(model: Any) -> None:
    import torch

    batch = collate(ROWS, pad_id=PAD)
    expected = 0.0
    for ids, learnt in ROWS:
        logits = model(torch.tensor([ids.tolist()])).logits[0].log_softmax(dim=-1)
        expected -= sum(float(logits[i - 1, ids[i]].detach()) for i in range(1, len(ids)) if learnt[i])
    found = summed_nats(model, batch, model.get_output_embeddings())
    assert float(found.detach()) == pytest.approx(expected, abs=1e-9)
    assert model(batch["input_ids"]).logits.shape == (3, 7, 400)  # the head is left as it was


@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_gradients_of_parts_are_those_of_the_whole_batch(model: Any, rows: int) -> None:
    import torch

    head, batch = model.get_output_embeddings(), collate(ROWS, pad_id=PAD)
    learnt = int((batch["labels"] != NOT_LEARNT).sum())
    found = []
    for size in (len(ROWS), rows):
        model.zero_grad()
        for part in parts(batch, size):
            (summed_nats(model, part, head) / learnt).backward()
        found.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert all(torch.allclose(a, b, atol=1e-9, rtol=1e-6) for a, b in zip(*found, strict=True))
