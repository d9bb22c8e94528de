"""The GPU benchmark on a processor: a tiny shape through the same stage, clock and table."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench.gpu import run
from bench.gpu.cases import BY_NAME, Case
from bench.gpu.clock import Clock, spread
from bench.gpu.material import random_rows, write_format, write_model
from bench.gpu.rantau_case import recipe_of

TINY: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100, "max_position_embeddings": 128,
    "tie_word_embeddings": False,
}  # fmt: skip


@pytest.fixture
def tiny(tmp_path: Path) -> Case:
    shape = tmp_path / "tiny.json"
    shape.write_text(json.dumps({"names": ["tiny"], "config": TINY}))
    return Case("tiny", str(shape), "none", 4, 24, 4, 2, recompute=False, dtype="float32")


@pytest.fixture
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import Trainer

    monkeypatch.setattr(Trainer, "train", Trainer.train)


@pytest.mark.usefixtures("unpatched")
@pytest.mark.parametrize("recompute", [False, True])
def test_a_case_goes_through_the_stage(tiny: Case, tmp_path: Path, recompute: bool) -> None:
    row = run.measure(replace(tiny, recompute=recompute), "rantau", tmp_path, "cpu", steps=6)
    assert row["steps"] == 6 and 0 < row["least"] <= row["tokens_per_s"] <= row["most"]
    assert row["mfu"] is None and row["recompute"] is recompute and row["micro_batch"] == 2
    shown = run.shown(row)
    assert shown["MFU"] == "peak not known" and shown["case"] == "tiny: float32, r 4, seq 24"
    losses = (tmp_path / "out" / "rantau" / "loss.jsonl").read_text().splitlines()
    assert len(losses) == run.WARM_UP + 6
    assert json.loads(losses[0])["learnt_tokens"] == 4 * 23  # nothing predicts the first token of a row


@pytest.mark.usefixtures("unpatched")
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the peers, about one another
@pytest.mark.parametrize(("side", "recompute"), [("trl", True), ("trl-set", False)])
def test_trl_takes_the_same_rows(
    tiny: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str, recompute: bool
) -> None:
    trl = pytest.importorskip("trl", reason="the peer is not installed here")
    from transformers import Trainer

    asked: list[bool] = []

    def train(self: Any) -> Any:
        asked.append(self.args.gradient_checkpointing)
        return Trainer.train(self)  # which the clock has changed by now

    monkeypatch.setattr(trl.SFTTrainer, "train", train)
    row = run.measure(tiny, side, tmp_path, "cpu", steps=3)
    assert row["steps"] == 3 and row["recompute"] is recompute and asked == [recompute]


def test_trl_is_measured_twice_only_where_its_defaults_differ() -> None:
    assert run.sides_of(BY_NAME["8b-lora"], peers=True) == ("rantau", "trl", "trl-set")
    assert run.sides_of(BY_NAME["8b-qlora"], peers=True) == ("rantau", "trl")
    assert run.sides_of(BY_NAME["8b-lora"], peers=False) == ("rantau",)
    assert run.NOTES.keys() == set(run.SIDES)


def test_the_recipe_is_the_case(tmp_path: Path) -> None:
    case = BY_NAME["8b-qlora"]
    recipe = recipe_of(case, tmp_path)
    phase = recipe.phases[0]
    assert (recipe.model.quantisation, recipe.model.dtype, recipe.adapter.rank) == ("nf4", "bfloat16", 8)
    assert (phase.max_tokens, phase.batch_size, phase.gradient_checkpointing) == (1024, 1, True)


def test_rows_are_full_and_repeatable(tiny: Case, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    rows = random_rows(tiny, 3)
    assert rows == random_rows(tiny, 3) and {len(row) for row in rows} == {24} and len(rows) == 12
    assert min(map(min, rows)) >= 3 and max(map(max, rows)) < 100
    table = pq.read_table(write_format(rows, tmp_path) / "learn.parquet")
    assert table["ids"].to_pylist() == rows and table["parts"].to_pylist() == [[24]] * 12


def test_weights_are_written_once(tiny: Case, tmp_path: Path) -> None:
    folder = write_model(tiny, tmp_path / "model", "cpu")
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert write_model(tiny, folder, "cpu") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_the_warm_up_is_left_out_and_the_spread_is_over_blocks() -> None:
    clock = Clock(ends=[0.0, 9.0, 18.0, 19.0, 20.0, 22.0, 24.0, 25.0, 26.0])
    seconds = clock.seconds(3)
    assert seconds == [1.0, 1.0, 2.0, 2.0, 1.0, 1.0]
    assert spread(seconds, tokens=100, blocks=3) == (100.0, 50.0, 100.0)
    assert spread([2.0], tokens=100, blocks=3) == (50.0, 50.0, 50.0)


def test_shares_of_the_peak() -> None:
    clock = Clock(ends=[float(i) for i in range(9)], allocated_gib=30.0)
    row = run.row_of(BY_NAME["8b-lora"], "rantau", clock, {"micro_batch": 1}, "NVIDIA H200")
    assert row["tokens_per_s"] == 8 * 4096
    assert row["mfu"] == row["with_recompute"] == pytest.approx(8 * 4096 / 29_750, rel=0.005)
    shown = run.shown(row)
    assert (shown["target"], shown["rows a pass"], shown["GiB allocated"]) == ("> 12,500", 1, 30.0)
    again = run.row_of(BY_NAME["8b-lora"], "trl", clock, {}, "NVIDIA H200")
    assert again["with_recompute"] == pytest.approx(8 * 4096 / 20_050, rel=0.005) and again["mfu"] == row["mfu"]


def test_without_a_gpu_it_says_so() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(SystemExit, match="sees no CUDA device"):
        run.main(["--scratch", "unused"])
