"""The rows of the training benchmark: drawn by seed, apart from what is held out, the same text in every form."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench.training import model_folder, settings
from bench.training.llamafactory_side import arguments
from bench.training.rows import draw, write_forms
from bench.training.settings import Settings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("instruct")
    rows = [{"input": f"Pertanyaan {i}?", "output": f"Jawaban {i}." if i % 9 else " "} for i in range(200)]
    pq.write_table(pa.Table.from_pylist(rows), folder / "cendol_schema.parquet")
    pq.write_table(pa.table({"group": [str(i // 4) for i in range(200)]}), folder / "provenance.parquet")
    return folder


def number(row: dict[str, str]) -> int:
    return int(row["input"].split()[1].rstrip("?"))


def test_rows_are_drawn_by_seed_and_apart(data: Path) -> None:
    learnt, held_out = draw(data, n=40, n_held_out=10, seed=1)
    assert (learnt, held_out) == draw(data, n=40, n_held_out=10, seed=1)
    assert draw(data, n=8, n_held_out=10, seed=1) == (learnt[:8], held_out)
    assert draw(data, n=40, n_held_out=10, seed=2) != (learnt, held_out)
    groups = [{number(row) // 4 for row in rows} for rows in (learnt, held_out)]
    assert not groups[0] & groups[1]
    assert all(row["output"].strip() for row in learnt + held_out)


def test_too_few_rows_are_said(data: Path) -> None:
    with pytest.raises(SystemExit, match=r"only .* rows beside 10 held-out ones, 500 were asked for"):
        draw(data, n=500, n_held_out=10, seed=1)


def test_every_side_reads_the_same_text(data: Path, tmp_path: Path) -> None:
    learnt, held_out = draw(data, n=6, n_held_out=3, seed=1)
    chosen = Settings("model", str(tmp_path), n_rows=6, n_held_out=3)
    write_forms(chosen, learnt, held_out)
    settings.write(chosen)
    assert settings.read(tmp_path) == chosen
    plain = [(row["input"], row["output"]) for row in settings.read_rows(tmp_path / settings.TRAIN)]
    trl = settings.read_rows(tmp_path / settings.TRL)
    assert [(r["prompt"][0]["content"], r["completion"][0]["content"]) for r in trl] == plain
    factory = settings.read_rows(tmp_path / settings.LLAMA_FACTORY)
    assert [(r["instruction"], r["output"]) for r in factory] == plain
    known = json.loads((tmp_path / "dataset_info.json").read_text())
    assert known == {"bench": {"file_name": settings.LLAMA_FACTORY}}


def test_the_recipe_asks_for_what_the_settings_say(data: Path, tmp_path: Path) -> None:
    from rantau.recipe import load_recipe

    learnt, held_out = draw(data, n=6, n_held_out=3, seed=1)
    chosen = Settings("some/model", str(tmp_path), n_rows=6, n_held_out=3, rank=8, alpha=24, learning_rate=3e-4)
    write_forms(chosen, learnt, held_out)
    recipe = load_recipe(tmp_path / "recipe.yaml", ())
    phase = recipe.phases[0]
    assert (recipe.model.base, recipe.adapter.rank, recipe.adapter.alpha) == ("some/model", 8, 24)
    assert (phase.learning_rate, phase.schedule, phase.warmup_share) == (3e-4, "linear", 0)
    assert (phase.batch_size, phase.epochs, phase.loss_on, phase.weight_decay) == (8, 1.0, "answers", 0)
    assert recipe.adapter.loraplus_ratio == 1 and not recipe.adapter.rslora and recipe.adapter.dropout == 0


def test_the_settings_optimiser_is_rantaus() -> None:
    from rantau.model.optimiser import BETA1, BETA2

    chosen = Settings("model", "rows", n_rows=1, n_held_out=1)
    assert (chosen.beta1, chosen.beta2) == (BETA1, BETA2)
    assert chosen.digest != Settings("model", "rows", n_rows=2, n_held_out=1).digest


def test_every_form_of_llamafactory_has_the_same_batch() -> None:
    chosen = Settings("model", "rows", n_rows=16, n_held_out=1)
    for better, at_once, order in ((False, 1, "random"), (True, 8, "group_by_length")):
        found = arguments(chosen, Path("out"), better=better)
        assert found["per_device_train_batch_size"] == at_once
        assert found["train_sampling_strategy"] == order and found["disable_gradient_checkpointing"] is better
        assert found["per_device_train_batch_size"] * found["gradient_accumulation_steps"] == 8
        assert found["learning_rate"] == chosen.learning_rate and found["lora_rank"] == chosen.rank


def test_the_model_is_named_for_old_and_new_transformers() -> None:
    config = {"dtype": "float32", "rope_parameters": {"rope_theta": 100_000.0, "rope_type": "default"}}
    plain = model_folder.plain_config(config)
    assert (
        plain["rope_theta"] == 100_000.0 and plain["torch_dtype"] == "float32" and plain.items() >= config.items()
    )
    own = {"tokenizer_class": "TokenizersBackend", "backend": "tokenizers", "is_local": True, "eos_token": "<e>"}
    assert model_folder.plain_tokenizer(own, "{{ x }}") == {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<e>", "chat_template": "{{ x }}",
    }  # fmt: skip
