"""What plan says before anything runs: the seeds' own figures, in both profiles, and claims that do not hold."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rantau.cli import estimate as room
from rantau.cli.plan import command
from rantau.errors import RecipeError
from rantau.model import hub
from rantau.recipe import Recipe, load_recipe
from rantau.run.store import Store
from tests.flow.small import ROOT, rantau

SEEDS = ROOT / "recipes" / "seeds"
# recipe -> trainable parameters as published, and with better practice; OLMo's targets are a switch
TRAINABLE = {
    "bakti-qwen3-8b": (21_823_488, 21_823_488),
    "olmo-1b-cendol": (2_097_152, 6_029_312),
    "waktaverse-llama3-8b-ko": (20_971_520, 20_971_520),
    "loraplus-llama3.2-1b": (22_544_384, 22_544_384),
}
SCALES = {
    "bakti-qwen3-8b": (2.0, 2.0),
    "olmo-1b-cendol": (4.0, 4.0),
    "waktaverse-llama3-8b-ko": (2.0, 2.0),
    "loraplus-llama3.2-1b": (16 / 32**0.5, 2.0),
}
BOTH = [(name, profile) for name in TRAINABLE for profile in ("seed", "better")]


@pytest.fixture(autouse=True)
def no_hub_and_a_known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "reachable", lambda: False)
    monkeypatch.setattr(room.machine, "flops_per_s", lambda: 1e11)


def recipe(name: str, *overrides: str) -> Recipe:
    return load_recipe(SEEDS / f"{name}.yaml", overrides)


def estimated(asked: Recipe, tmp_path: Path) -> dict[str, Any]:
    return room.estimate(asked, Store(tmp_path / "store"), None)


@pytest.mark.parametrize(("name", "profile"), BOTH)
def test_the_seeds_figures(tmp_path: Path, name: str, profile: str) -> None:
    asked = recipe(name, f"profile={profile}")
    assert asked.profile == profile
    found, side = estimated(asked, tmp_path), profile == "better"
    assert found["model"]["trainable"] == found["phases"][0]["trainable"] == TRAINABLE[name][side]
    assert found["phases"][0]["effective_scale"] == pytest.approx(SCALES[name][side])
    assert found["memory_gib"] == found["phases"][0]["memory_gib"] > 1


@pytest.mark.parametrize(("name", "profile"), BOTH)
def test_plan_prints_them(tmp_path: Path, name: str, profile: str) -> None:
    options = ["--set", f"profile={profile}", "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(command, [str(SEEDS / f"{name}.yaml"), *options])
    assert result.exit_code == 0, result.output
    assert f"trainable: {TRAINABLE[name][profile == 'better']:,} (" in result.output
    assert "train-" in result.output and "memory: about" in result.output


def test_bakti_is_4_x_16_rows_a_step(tmp_path: Path) -> None:
    asked = recipe("bakti-qwen3-8b")
    claims, phase = asked.phases[0].claims, estimated(asked, tmp_path)["phases"][0]
    assert claims and (claims.per_device_batch, claims.accumulation_steps) == (4, 16)
    assert (phase["batch_size"], phase["max_tokens_per_step"]) == (64, 64 * 2048)
    assert phase["steps_at_least"] == 1471  # 192.78 M tokens over 131,072
    assert phase["optimiser"] == "adamw_8bit"


def test_the_cards_32_is_refused_with_both_numbers() -> None:
    with pytest.raises(RecipeError, match=r"4 rows x 16 passes x 1 devices is 64, but batch_size is 32"):
        recipe("bakti-qwen3-8b", "phases.cpt.batch_size=32")


def test_a_wrong_count_is_refused_with_both_numbers(tmp_path: Path) -> None:
    asked = recipe("loraplus-llama3.2-1b", "adapter.rank=16")
    with pytest.raises(
        RecipeError, match=r"phases\.sft\.claims: trainable is 22,544,384, but rank 16 .* 11,272,192"
    ):
        estimated(asked, tmp_path)


def test_a_wrong_count_ends_plan_with_exit_2(tmp_path: Path) -> None:
    result = rantau("plan", SEEDS / "waktaverse-llama3-8b-ko.yaml", "--set", "adapter.rank=4", cwd=tmp_path)
    assert result.returncode == 2 and "20,971,520, but rank 4" in result.stderr and "10,485,760" in result.stderr


def small(tiny_base: Path, *phases: dict[str, Any], **more: Any) -> Recipe:
    kinds = {"mixture": {"a": 1.0}, "max_tokens": 64}
    data = {
        "name": "small", "language": {"target": "ind"}, "model": {"base": str(tiny_base)},
        "sources": [{"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}],
        "phases": [{"name": f"p{n}", "kind": "cpt", **kinds, **phase} for n, phase in enumerate(phases)],
        "evaluation": {"texts": [{"name": "a", "source": "a"}]}, **more,
    }  # fmt: skip
    return Recipe.model_validate(data)


def test_each_phase_has_its_own_adapter(tiny_base: Path, tmp_path: Path) -> None:
    asked = small(
        tiny_base,
        {"tokens": 6400, "batch_size": 4, "epochs": 1.5},
        {"adapter": {"rank": 2, "targets": "mlp"}, "previous_adapter": "merge", "learning_rate": 1e-3},
        adapter={"rank": 4, "loraplus_ratio": 8},
    )
    one, two = estimated(asked, tmp_path)["phases"]
    assert (one["trainable"], two["trainable"]) == (2 * 2048, 2 * 2 * (96 + 96 + 96))
    assert (one["rate_b"], two["rate_b"]) == (8 * one["rate_a"], 1e-3)
    assert one["steps_at_least"] == 38 and two["steps_at_least"] is None  # 9,600 tokens, 256 a step at most


def test_new_words_are_counted(tiny_base: Path, tmp_path: Path) -> None:
    plain, extended = small(tiny_base, {}), small(tiny_base, {}, vocabulary={"extend": 100, "rate_share": 0.1})
    before, after = (estimated(asked, tmp_path)["phases"][0] for asked in (plain, extended))
    assert after["trainable"] - before["trainable"] == 100 * 32  # tied: one matrix
    assert after["rate_new_words"] == pytest.approx(2e-5) and before["rate_new_words"] is None


@pytest.mark.parametrize(
    ("rows", "epochs", "batch", "share"), [(160, 11.6, 64, None), (100, 3, 8, None), (9, 3, 8, 0.2)]
)
def test_the_steps_are_those_that_are_trained(
    tmp_path: Path, rows: int, epochs: float, batch: int, share: float | None
) -> None:
    """Formatted rows are known: each epoch ends with a smaller batch, and held-back rows are not learnt."""
    from rantau import files
    from rantau.stages.training.batches import planned_batches
    from rantau.stages.training.held_back import draw_held_back

    stopping = [f"phases.cpt.early_stopping.share={share}"] if share else []
    asked = recipe("bakti-qwen3-8b", f"phases.cpt.epochs={epochs}", f"phases.cpt.batch_size={batch}",
                   "phases.cpt.claims=null", *stopping)  # fmt: skip
    files.write_json(tmp_path / "counts.json", {"cpt": {"rows": rows, "tokens": rows * 10}})
    found = room.estimate(asked, Store(tmp_path / "store"), tmp_path)["phases"][0]
    held = draw_held_back(rows, share=share, seed=1, phase="cpt") if share else ()
    steps = planned_batches([10] * (rows - len(held)), batch_size=batch, epochs=epochs, seed=1)
    assert found["steps"] == len(steps) and found["rows"] == rows - len(held)
    assert found["tokens_per_step"] == pytest.approx(10 * (rows - len(held)) * epochs / len(steps))
