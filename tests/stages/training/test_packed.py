"""Documents in one sequence equal documents computed alone, in logits and in gradients, in every architecture."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from rantau import files
from rantau.stages.training.isolation import isolates, takes_one_sequence
from rantau.stages.training.layout import Layout
from rantau.stages.training.loss import NOT_LEARNT, Batch, batch_of, laid_out, summed_nats
from rantau.stages.training.rows import Rows, read_rows
from tests.stages.training.architectures import ARCHITECTURES, VOCABULARY, build

SEPARATE, PACKED = Layout(rows=8), Layout(rows=8, packed=True)
CHAINED = Layout(rows=8, packed=True, chained=True)
TOLERANCE = {"atol": 1e-10, "rtol": 1e-8}
# The eager attention of transformers takes its softmax in float32, whatever the model is.
TOLERANCES = {"sdpa": TOLERANCE, "eager": {"atol": 1e-5, "rtol": 1e-5}}
PARTS = [[7, 1, 9], [12], [2, 2, 11, 3], [16]]


def write_packed(folder: Path, parts: list[list[int]] = PARTS, *, seed: int = 2, phase: str = "cpt") -> Path:
    """Rows of several documents; the first token of each is never learnt."""
    import pyarrow as pa

    draw = random.Random(seed)
    rows = [
        {
            "id": f"a:{n}",
            "ids": [draw.randrange(3, VOCABULARY) for _ in range(sum(row))],
            "learnt": [place >= min(1, size - 1) for size in row for place in range(size)],
            "parts": row,
        }
        for n, row in enumerate(parts)
    ]
    integers = pa.list_(pa.int32())
    types = [("id", pa.string()), ("ids", integers), ("learnt", pa.list_(pa.bool_())), ("parts", integers)]
    files.write_parquet(folder / f"{phase}.parquet", rows, pa.schema(types))
    return folder


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return read_rows(write_packed(tmp_path_factory.mktemp("packed")) / "cpt.parquet")


@pytest.fixture(scope="module")
def batch(rows: Rows) -> Batch:
    return batch_of(range(len(rows)), rows=rows)


def by_document(model: Any, batch: Batch, layout: Layout, *, naive: bool = False) -> dict[int, torch.Tensor]:
    """Logits of every document, by its number; naive: nothing tells documents apart."""
    sizes, found = [n for row in batch["parts"] for n in row], {}
    for sequences in layout.passes(batch["parts"]):
        given = laid_out(batch, sequences, pad_id=0)
        positions = None if naive else given.get("position_ids")
        with torch.no_grad():
            logits = model(input_ids=given["input_ids"], position_ids=positions, use_cache=False).logits
        for row, sequence in enumerate(sequences):
            start = 0
            for n in sequence:
                found[n] = logits[row, start : start + sizes[n]]
                start += sizes[n]
    return found


def gradients(
    model: Any, batch: Batch, layout: Layout, *, naive: bool = False
) -> tuple[float, list[torch.Tensor]]:
    """Mean loss over the learnt tokens of the batch, and its gradients."""
    n_learnt, total = int((batch["labels"] != NOT_LEARNT).sum()), 0.0
    model.zero_grad()
    for sequences in layout.passes(batch["parts"]):
        given = laid_out(batch, sequences, pad_id=0)
        if naive:
            given.pop("position_ids")
        loss = summed_nats(model, given, model.get_output_embeddings()) / n_learnt
        loss.backward()
        total += float(loss.detach())
    return total, [p.grad.clone() for p in model.parameters() if p.grad is not None]


def one_by_one(model: Any, batch: Batch) -> list[torch.Tensor]:
    """The reference: each document alone, unpadded, by the model's plain call."""
    found, start = [], 0
    for size in (n for row in batch["parts"] for n in row):
        with torch.no_grad():
            found.append(model(batch["input_ids"][None, start : start + size]).logits[0])
        start += size
    return found


LAYOUTS = {"separate": SEPARATE, "packed": PACKED, "chained": CHAINED, "one a pass": Layout(rows=1, packed=True)}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_logits_are_those_of_documents_alone(name: str, attention: str, layout: str, batch: Batch) -> None:
    model = build(name, attention)
    found, expected = by_document(model, batch, LAYOUTS[layout]), one_by_one(model, batch)
    assert sorted(found) == list(range(len(expected)))
    for n, logits in enumerate(expected):
        torch.testing.assert_close(found[n], logits, **TOLERANCES[attention])


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("layout", ["packed", "chained"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_gradients_are_those_of_documents_alone(name: str, attention: str, layout: str, batch: Batch) -> None:
    model = build(name, attention)
    loss, found = gradients(model, batch, LAYOUTS[layout])
    reference, expected = gradients(model, batch, Layout(rows=1, pass_cost=0))
    assert loss == pytest.approx(reference, abs=1e-12 if attention == "sdpa" else 1e-6)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, **TOLERANCES[attention])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_without_isolation_both_would_differ(name: str, batch: Batch) -> None:
    model = build(name)
    found, expected = by_document(model, batch, PACKED, naive=True), one_by_one(model, batch)
    torch.testing.assert_close(found[0], expected[0], **TOLERANCE)  # the first document of a row sees only itself
    assert min(float((found[n] - expected[n]).abs().max()) for n in (2, 6)) > 1e-3
    loss, mixed = gradients(model, batch, PACKED, naive=True)
    reference, apart = gradients(model, batch, SEPARATE)
    assert abs(loss - reference) > 1e-3
    assert max(float((a - b).abs().max()) for a, b in zip(mixed, apart, strict=True)) > 1e-3


def test_padding_is_not_seen_though_no_mask_is_given(batch: Batch) -> None:
    model = build("llama")
    together = Layout(rows=8, pass_cost=10_000)
    assert len(together.passes(batch["parts"])) == 1
    for n, logits in by_document(model, batch, together).items():
        torch.testing.assert_close(logits, one_by_one(model, batch)[n], **TOLERANCE)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_attention_of_transformers_isolates(name: str, attention: str, chained: bool) -> None:
    model = build(name, attention).train()
    assert isolates(model, chained=chained)
    assert model.training and not takes_one_sequence(model)


def test_attention_that_takes_no_notice_of_documents_is_found_out() -> None:
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    AttentionInterface.register("blind", sdpa_attention_forward)  # without a mask function no mask is built
    assert not isolates(build("llama", "blind"), chained=False)


def test_a_model_without_positions_is_found_out() -> None:
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=1, state_size=4)
    assert not isolates(MambaForCausalLM(config), chained=False)


def test_a_document_in_which_nothing_is_learnt_adds_nothing(batch: Batch) -> None:
    model = build("llama")
    silent: Batch = {**batch, "labels": batch["labels"].clone()}
    silent["labels"][-16:] = NOT_LEARNT
    shorter: Batch = {
        "input_ids": batch["input_ids"][:-16], "labels": batch["labels"][:-16], "parts": batch["parts"][:-1]
    }  # fmt: skip
    loss, found = gradients(model, silent, Layout(rows=1, pass_cost=0))
    reference, expected = gradients(model, shorter, SEPARATE)
    assert loss == pytest.approx(reference, abs=1e-12)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, **TOLERANCE)
