"""Parameters and memory before any weight is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import ModelError, SourceError
from rantau.model import hub
from rantau.model.shapes import SHAPES, hollow_model, memory_estimate_gib, trainable_parameters
from rantau.recipe import Adapter, Model

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "reachable", lambda: False)


@pytest.mark.parametrize(
    ("base", "rank", "targets", "trainable", "base_total"),
    [
        ("meta-llama/Llama-3.2-1B-Instruct", 32, "all-linear", 22_544_384, 1_235_814_400),
        ("unsloth/Llama-3.2-1B-Instruct-bnb-4bit", 32, "all-linear", 22_544_384, 1_235_814_400),
        ("meta-llama/Meta-Llama-3-8B-Instruct", 8, "all-linear", 20_971_520, 8_030_261_248),
        ("allenai/OLMo-1B-hf", 8, ATTENTION, 2_097_152, 1_176_764_416),
        ("Qwen/Qwen3-8B", 8, "all-linear", 21_823_488, 8_190_735_360),
        ("ismaprasetiyadi/Biawak-8B-Base", 8, "all-linear", 21_823_488, 8_190_735_360),
    ],
)
def test_the_seeds_figures(base: str, rank: int, targets: Any, trainable: int, base_total: int) -> None:
    found = trainable_parameters(Model(base=base), Adapter(rank=rank, targets=targets))
    assert found["trainable"] == sum(found["by_module"].values()) == trainable
    assert found["total"] == base_total + trainable
    assert len(found["by_module"]) == (7 if targets == "all-linear" else 4)


def test_waktaverse_trains_0_26_percent() -> None:
    found = trainable_parameters(Model(base="meta-llama/Meta-Llama-3-8B-Instruct"), Adapter(rank=8))
    assert round(100 * found["trainable"] / found["total"], 2) == 0.26


def test_another_base_is_read_from_its_own_config(tiny_base: Path) -> None:
    found = trainable_parameters(Model(base=str(tiny_base)), Adapter(rank=2))
    # q 32->32, k and v 32->16, o 32->32, gate and up 32->64, down 64->32; two layers
    assert found["by_module"]["k_proj"] == 2 * 2 * (32 + 16)
    assert found["trainable"] == 2 * 2 * (64 + 48 + 48 + 64 + 96 + 96 + 96)


def test_only_the_config_is_needed(tiny_base: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((tiny_base / "config.json").read_text())
    assert trainable_parameters(Model(base=str(tmp_path)), Adapter(rank=2))["trainable"] > 0


def test_nothing_is_in_memory() -> None:
    assert {p.device.type for p in hollow_model(Model(base="Qwen/Qwen3-8B")).parameters()} == {"meta"}


def test_a_target_that_is_missing_is_named(tiny_base: Path) -> None:
    with pytest.raises(ModelError, match=r"no module 'q_porj'.*Did you mean q_proj"):
        trainable_parameters(Model(base=str(tiny_base)), Adapter(targets=["q_porj"]))


def test_a_hub_model_without_shape_needs_the_hub() -> None:
    with pytest.raises(SourceError, match=r"nobody/nothing: no config\.json"):
        trainable_parameters(Model(base="nobody/nothing"), Adapter())


def test_each_shape_has_names_of_its_own() -> None:
    names = [n.lower() for path in SHAPES.glob("*.json") for n in json.loads(path.read_text())["names"]]
    assert len(names) == len(set(names)) >= 6


def gib(rows: int = 8, max_tokens: int = 256, rank: int = 8, **model: Any) -> float:
    facts = {"base": "meta-llama/Llama-3.2-1B", "dtype": "bfloat16", **model}
    return memory_estimate_gib(Model(**facts), Adapter(rank=rank), rows=rows, max_tokens=max_tokens)


def test_memory_holds_the_weights_at_least() -> None:
    assert gib(rows=1, max_tokens=8) == pytest.approx(1.236e9 * 2 / 2**30 + 0.6, abs=0.05)
    assert gib(rows=1, max_tokens=8, quantisation="nf4") == pytest.approx(
        (0.263e9 * 2 + 0.973e9 * 0.516) / 2**30 + 0.6, abs=0.05
    )


def test_memory_grows_with_what_fills_it() -> None:
    assert gib(quantisation="nf4") < gib(quantisation="int8") < gib() < gib(dtype="float32")
    assert gib() < gib(rows=16) == gib(max_tokens=512)
    assert gib() < gib(rank=64)


def test_single_quantisation_costs_a_twentieth_of_a_byte_more() -> None:
    more = gib(quantisation="nf4", double_quantisation=False) - gib(quantisation="nf4")
    assert more == pytest.approx(0.973e9 * (4 / 64 - 1 / 64 - 4 / (64 * 256)) / 2**30, rel=0.01)


def training(**asked: Any) -> float:
    model = Model(base="meta-llama/Llama-3.2-1B", dtype="bfloat16")
    return memory_estimate_gib(
        model, Adapter(rank=64, **asked.pop("adapter", {})), rows=1, max_tokens=2048, **asked
    )


def test_moments_in_8_bits_save_six_bytes_a_parameter() -> None:
    n = trainable_parameters(Model(base="meta-llama/Llama-3.2-1B"), Adapter(rank=64))["trainable"]
    saved = training() - training(optimiser="adamw_8bit")
    assert saved == pytest.approx(n * (8 - 2 * (1 + 4 / 256)) / 2**30, rel=1e-3)
    assert training(optimiser="paged_adamw") == training()


def test_checkpointing_keeps_the_input_of_each_block_and_one_block_whole() -> None:
    block = (22 * 2048 + 7 * 8192) * 2
    saved = training() - training(gradient_checkpointing=True)
    assert saved == pytest.approx(2048 * (15 * block - 16 * 2048 * 2) / 2**30, rel=1e-3)


def test_pissa_keeps_what_it_began_with() -> None:
    assert training() < training(adapter={"init": "pissa"}) < training() + 0.2
