"""A phase from token rows to an adapter: what it writes, and what it refuses."""

import math
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import DataError, MachineError, TrainingError
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import context, lasting, recipe, train_cpt, write_rows


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("format")
    write_rows(folder, phase="sft", seed=4)
    return write_rows(folder)


def test_a_phase_learns_and_writes_what_it_did(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    asked = recipe(tiny_base, epochs=4.0, adapter={"dropout": 0.0})
    summary = train_cpt(asked, rows, tmp_path)

    losses = files.read_jsonl(tmp_path / "loss.jsonl")
    assert summary.steps == 20 and [row["step"] for row in losses] == list(range(1, 21))
    assert losses[4]["epoch"] == 1.0 and losses[-1]["epoch"] == 4.0
    assert losses[0]["loss"] == pytest.approx(math.log(400), rel=0.05)
    assert sum(r["loss"] for r in losses[-5:]) < sum(r["loss"] for r in losses[:5])
    assert summary.learnt_tokens == sum(row["learnt_tokens"] for row in losses)
    assert losses[-1]["learning_rate"] < 0.05 * 2e-3 and losses[0]["learning_rate"] == pytest.approx(1e-3)
    assert files.read_json(tmp_path / "summary.json")["effective_scale"] == 2.0
    speed = files.read_json(tmp_path / "speed.json")
    assert speed["tokens_per_s"] > 0 and speed["peak_gib"] > 0 and speed["device"] == "cpu"
    assert len(files.read_jsonl(tmp_path / "speed.jsonl")) == 20


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT 0.21 on transformers 5.23
def test_the_adapter_loads_with_plain_peft_and_names_the_recipe_base(
    tiny_base: Path, rows: Path, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    train_cpt(recipe(tiny_base), rows, tmp_path)

    base = AutoModelForCausalLM.from_pretrained(tiny_base)
    before = base(torch.tensor([[5, 6, 7]])).logits
    model = PeftModel.from_pretrained(base, str(tmp_path / "adapter"))
    assert not torch.equal(model(torch.tensor([[5, 6, 7]])).logits, before)
    config = files.read_json(tmp_path / "adapter" / "adapter_config.json")
    assert config["base_model_name_or_path"] == str(tiny_base)
    assert config["target_modules"] == sorted(config["target_modules"])


def test_two_runs_give_the_same_bytes(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    asked = recipe(tiny_base)
    stage = train_stage(asked.phases[0], None)
    for name in ("one", "two"):
        train_cpt(asked, rows, tmp_path / name)
    assert lasting(tmp_path / "one", stage) == lasting(tmp_path / "two", stage)


def test_the_second_phase_goes_on_with_the_adapter_of_the_first(
    tiny_base: Path, rows: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    asked = recipe(tiny_base, learning_rate=1e-7)
    train_cpt(asked, rows, tmp_path / "cpt")
    stage = train_stage(asked.phases[1], "train-cpt")
    inputs = {"format": rows, "train-cpt": tmp_path / "cpt"}
    stage.run(context(asked, stage, inputs, tmp_path / "sft"))

    first, second = (load_file(tmp_path / p / "adapter" / "adapter_model.safetensors") for p in ("cpt", "sft"))
    assert stage.name == "train-sft" and stage.needs == ("format", "train-cpt")
    assert all((first[name] - second[name]).abs().max() < 1e-5 for name in first)
    assert any((first[name] != second[name]).any() for name in first)


def test_a_phase_with_nothing_to_learn_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "format", n=3, learnt=False)
    with pytest.raises(TrainingError, match=r"Phase cpt: no row has a token to learn \(3 rows read\)"):
        train_cpt(recipe(tiny_base), rows, tmp_path / "out")


def test_rows_without_targets_are_counted(tiny_base: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    types = [("id", pa.string()), ("ids", pa.list_(pa.int32())), ("learnt", pa.list_(pa.bool_()))]
    rows = [
        {"id": "first", "ids": [5, 6], "learnt": [True, False]},
        {"id": "both", "ids": [5, 6, 7], "learnt": [True, True, True]},
    ]
    files.write_parquet(tmp_path / "cpt.parquet", rows, pa.schema(types))
    summary = train_cpt(recipe(tiny_base), tmp_path, tmp_path / "out")
    assert (summary.rows, summary.rows_left_out, summary.learnt_tokens) == (1, 1, 2)


def test_columns_of_different_length_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    types = [("id", pa.string()), ("ids", pa.list_(pa.int32())), ("learnt", pa.list_(pa.bool_()))]
    files.write_parquet(
        tmp_path / "cpt.parquet", [{"id": "odd", "ids": [5, 6], "learnt": [True]}], pa.schema(types)
    )
    with pytest.raises(DataError, match=r"cpt\.parquet: row odd has 2 ids, but 1 learnt flags"):
        train_cpt(recipe(tiny_base), tmp_path, tmp_path / "out")


def test_a_loss_that_is_not_a_number_stops_with_advice(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    asked = recipe(tiny_base, learning_rate=1.0, max_grad_norm=1e30, adapter={"alpha": 1e25, "dropout": 0})
    with pytest.raises(TrainingError, match=r"Phase cpt, step \d+: the .* at learning rate .*learning_rate"):
        train_cpt(asked, rows, tmp_path)
    assert not (tmp_path / "adapter").exists()


def test_less_memory_gives_the_same_result(
    tiny_base: Path, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rantau.stages.training import trainer

    asked = recipe(tiny_base, adapter={"dropout": 0.0})
    train_cpt(asked, rows, tmp_path / "free")
    real = trainer.summed_nats

    def scarce(model, batch, head):  # type: ignore[no-untyped-def]
        if len(batch["input_ids"]) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return real(model, batch, head)

    monkeypatch.setattr(trainer, "summed_nats", scarce)
    train_cpt(asked, rows, tmp_path / "scarce")

    assert files.read_json(tmp_path / "scarce" / "speed.json")["micro_batch"] == 2
    free, narrow = (files.read_jsonl(tmp_path / name / "loss.jsonl") for name in ("free", "scarce"))
    assert [r["loss"] for r in narrow] == pytest.approx([r["loss"] for r in free], abs=1e-5)


def test_one_row_that_does_not_fit_is_an_error_of_the_machine(
    tiny_base: Path, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from rantau.stages.training import trainer

    def none(model, batch, head):  # type: ignore[no-untyped-def]
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(trainer, "summed_nats", none)
    with pytest.raises(MachineError, match=r"step 1: one row alone does not fit into memory"):
        train_cpt(recipe(tiny_base), rows, tmp_path)


def test_torch_is_left_as_it_was(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    import torch

    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    train_cpt(recipe(tiny_base, epochs=0.2), rows, tmp_path, threads=1)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before
