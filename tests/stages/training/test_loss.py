"""The loss of a batch: what is learnt, what is not, and that parts add up to the whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rantau.stages.training.layout import Layout
from rantau.stages.training.loss import NOT_LEARNT, Batch, batch_of, laid_out, summed_nats
from rantau.stages.training.rows import Rows

PAD = 3
END = 2
ROWS = [
    (np.array([5, 6, 7, END], np.int32), np.array([False, True, True, True])),
    (np.array([8, 9, 10, PAD, 11, 12, END], np.int32), np.array([False] * 3 + [True] * 4)),
    (np.array([13, END], np.int32), np.array([False, True])),
]


TOGETHER, APART = Layout(rows=8, pass_cost=1000), Layout(rows=1, pass_cost=0)


def whole_batch() -> Batch:
    lengths = [len(ids) for ids, _ in ROWS]
    rows = Rows(
        np.concatenate([ids for ids, _ in ROWS]),
        np.concatenate([learnt for _, learnt in ROWS]),
        np.array([0, *np.cumsum(lengths)]),
        0,
        np.array(lengths, np.int32),
        np.arange(len(ROWS) + 1),
    )
    return batch_of([0, 1, 2], rows=rows)


def passes(layout: Layout, *, pad_id: int = PAD) -> list[Any]:
    batch = whole_batch()
    return [laid_out(batch, sequences, pad_id=pad_id) for sequences in layout.passes(batch["parts"])]


def test_a_batch_has_no_padding() -> None:
    batch = whole_batch()
    assert batch["input_ids"].tolist() == [5, 6, 7, END, 8, 9, 10, PAD, 11, 12, END, 13, END]
    assert batch["labels"].tolist() == [
        NOT_LEARNT, 6, 7, END, NOT_LEARNT, NOT_LEARNT, NOT_LEARNT, PAD, 11, 12, END, NOT_LEARNT, END
    ]  # fmt: skip
    assert batch["parts"] == [[4], [7], [2]]


def test_labels_are_the_learnt_tokens_and_never_padding() -> None:
    (given,) = passes(TOGETHER, pad_id=END)
    assert given["labels"].tolist() == [
        [NOT_LEARNT, NOT_LEARNT, NOT_LEARNT, PAD, 11, 12, END],
        [NOT_LEARNT, 6, 7, END, NOT_LEARNT, NOT_LEARNT, NOT_LEARNT],
        [NOT_LEARNT, END] + [NOT_LEARNT] * 5,
    ]
    assert given["input_ids"][1].tolist() == [5, 6, 7, END, END, END, END]
    assert int((given["labels"] == END).sum()) == len(ROWS)
    assert sorted(given) == ["input_ids", "labels"]


def test_passes_are_cut_to_their_own_longest_row() -> None:
    assert [tuple(p["input_ids"].shape) for p in passes(APART)] == [(1, 7), (1, 4), (1, 2)]


def test_positions_start_again_in_every_document_and_in_the_padding() -> None:
    batch: Batch = {**whole_batch(), "parts": [[4, 7], [2]]}
    given = laid_out(batch, [[0, 1], [2]], pad_id=PAD)
    assert given["position_ids"].tolist() == [
        [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6],
        [0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8],
    ]
    assert given["input_ids"][1].tolist() == [13, END] + [PAD] * 9
    assert given["labels"][0].tolist() == batch["labels"][:11].tolist()


@pytest.fixture
def model(tiny_base: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float64)


def test_the_sum_is_that_of_plain_cross_entropy(model: Any) -> None:
    import torch

    (batch,) = passes(TOGETHER)
    expected = 0.0
    for ids, learnt in ROWS:
        logits = model(torch.tensor([ids.tolist()])).logits[0].log_softmax(dim=-1)
        expected -= sum(float(logits[i - 1, ids[i]].detach()) for i in range(1, len(ids)) if learnt[i])
    found = summed_nats(model, batch, model.get_output_embeddings())
    assert float(found.detach()) == pytest.approx(expected, abs=1e-9)
    assert model(batch["input_ids"]).logits.shape == (3, 7, 400)  # the head is left as it was


@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_gradients_of_passes_are_those_of_the_whole_batch(model: Any, rows: int) -> None:
    import torch

    head, learnt = model.get_output_embeddings(), int((whole_batch()["labels"] != NOT_LEARNT).sum())
    found = []
    for layout in (TOGETHER, Layout(rows=rows, pass_cost=5)):
        model.zero_grad()
        for given in passes(layout):
            (summed_nats(model, given, head) / learnt).backward()
        found.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert all(torch.allclose(a, b, atol=1e-9, rtol=1e-6) for a, b in zip(*found, strict=True))
