"""A step of a phase whose base has words of its own, against AdamW's first step written down."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from rantau import files
from rantau.machine import Machine
from rantau.model.extension import first_new_id, save_extended
from rantau.model.load import load_base
from rantau.model.vocabulary import extend_model
from rantau.recipe import Model, Recipe
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import context, recipe, write_rows
from tests.tiny import build_tiny_tokenizer

WORDS = ["Ġmereka", "ĠBandung", "Selamat"]
RATE, SHARE, DECAY, EPSILON = 0.01, 2.0, 0.7, 1e-8


@pytest.fixture
def words(tmp_path: Path) -> Path:
    base = build_tiny_tokenizer()
    save_extended(base, WORDS, tmp_path / "words" / "tokenizer")
    pieces = [[p.id for p in base.backend_tokenizer.model.tokenize(word)] for word in WORDS]
    facts = {"first_id": first_new_id(base), "words": [{"pieces": p} for p in pieces]}
    files.write_json(tmp_path / "words" / "words.json", facts)
    return tmp_path / "words"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Eight rows, one step; every one of them has all three new words."""
    folder = write_rows(tmp_path / "format", n=8)
    path = folder / "cpt.parquet"
    found = list(files.read_parquet(path))
    for row in found:
        row["ids"] = [*row["ids"], 400, 7, 401, 402]
        row["learnt"] = [*row["learnt"], True, True, True, True]
    files.write_parquet(path, found, pq.read_schema(path))
    return folder


def asked(base: Path) -> Recipe:
    plain = recipe(
        base, adapter={"dropout": 0.0}, learning_rate=RATE, schedule="constant", warmup_share=0.0,
        weight_decay=0.0, epochs=1.0,
    )  # fmt: skip
    vocabulary = {"extend": len(WORDS), "rate_share": SHARE, "weight_decay": DECAY}
    return Recipe.model_validate({**plain.model_dump(), "vocabulary": vocabulary})


def test_new_rows_take_their_own_rate_and_decay(tiny_base: Path, words: Path, rows: Path, tmp_path: Path) -> None:
    wanted = asked(tiny_base)
    stage = train_stage(wanted.phases[0], None, vocabulary="vocabulary")
    inputs = {"format": rows, "vocabulary": words}
    assert stage.run(context(wanted, stage, inputs, tmp_path / "out")).steps == 1

    base = load_base(Model(base=str(tiny_base)), Machine())  # B is zero: before the step the adapter says nothing
    extend_model(base, words)
    weight = base.double().get_input_embeddings().weight.requires_grad_()
    assert weight is base.get_output_embeddings().weight
    begun = weight[400:403].detach().float()
    (gradient,) = torch.autograd.grad(mean_loss(base, rows), weight)
    g = gradient[400:403].float()
    rate = RATE * SHARE
    expected = begun * (1 - rate * DECAY) - rate * g / (g.abs() + EPSILON)

    state = load_file(tmp_path / "out" / "adapter" / "adapter_model.safetensors")
    (learnt,) = (tensor for name, tensor in state.items() if "token_adapter" in name)
    torch.testing.assert_close(learnt, expected, rtol=0, atol=rate / 500)
    assert float((rate * DECAY * begun).abs().max()) > rate / 50  # without the decay it would not pass


def mean_loss(model: torch.nn.Module, rows: Path) -> torch.Tensor:
    """Over the learnt tokens of all rows."""
    total, n = torch.zeros((), dtype=torch.float64), 0
    for row in files.read_parquet(rows / "cpt.parquet"):
        ids, learnt = torch.tensor(row["ids"]), torch.tensor(row["learnt"])[1:]
        logits = model(input_ids=ids[None]).logits[0, :-1]
        total = total + torch.nn.functional.cross_entropy(logits[learnt], ids[1:][learnt], reduction="sum")
        n += int(learnt.sum())
    return total / n
