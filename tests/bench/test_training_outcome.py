"""What a side did is counted while transformers' trainer does it; the profile sees the same steps."""

from pathlib import Path
from typing import Any

import pytest
from bench.training import outcome, rantau_side, tutorial_side
from bench.training.held_out import measure
from bench.training.profile import ADAPTER, KINDS, LINEAR, profile
from bench.training.rows import write_forms
from bench.training.settings import Settings, write

ROWS = [{"input": f"Apa ibu kota nomor {i}?", "output": f"Ibu kota nomor {i} adalah Jakarta."} for i in range(10)]


@pytest.fixture
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts transformers' trainer back as it was."""
    from transformers import Trainer

    for name in ("train", "training_step"):
        monkeypatch.setattr(Trainer, name, getattr(Trainer, name))


@pytest.fixture
def chosen(tiny_base: Path, tmp_path: Path) -> Settings:
    found = Settings(str(tiny_base), str(tmp_path / "rows"), n_rows=8, n_held_out=2, rank=3, batch_size=4,
                     tutorial_tokens=128)  # fmt: skip
    write_forms(found, ROWS[:8], ROWS[8:])
    write(found)
    return found


@pytest.mark.usefixtures("unpatched")
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the peers, about one another
def test_the_tutorials_work_is_counted(chosen: Settings, tmp_path: Path) -> None:
    counted = outcome.watch_trainer(("torch",))
    tutorial_side.train(chosen, tmp_path / "out")
    counted.write(tmp_path / "out")
    assert outcome.read(tmp_path / "out") == counted
    assert (counted.steps, counted.positions, counted.learnt) == (2, 8 * 128, 8 * 127)
    assert 8 * 20 < counted.tokens < counted.positions and counted.train_s > 0
    found = measure(chosen, tmp_path / "out" / outcome.ADAPTER)
    assert found["adapter_parameters"] == counted.parameters
    assert found["held_out_loss"] != pytest.approx(measure(chosen, None)["held_out_loss"], abs=1e-6)


@pytest.mark.usefixtures("unpatched")
def test_rantaus_work_is_counted_and_profiled(chosen: Settings, tmp_path: Path) -> None:
    recipe = Path(chosen.rows) / "recipe.yaml"
    seen = profile(recipe, tmp_path / "profiled", rank=chosen.rank, vocabulary=400)
    assert set(seen.seconds) == set(KINDS) and sum(seen.seconds.values()) == pytest.approx(seen.wall_s)
    assert seen.steps == 2 and seen.seconds[LINEAR] > 0 and seen.seconds[ADAPTER] > 0

    counted = rantau_side.train(recipe, tmp_path / "out")
    assert counted.steps == 2 and counted.tokens <= counted.positions < 1.5 * counted.tokens
    assert sum(rows * width for rows, width, _ in seen.passes) >= counted.tokens
    assert 0 < counted.learnt < counted.tokens
    assert sum(learnt for _, _, learnt in seen.passes) == counted.learnt
    assert {"data stages", "train stage"} == set(counted.other_s)
    assert measure(chosen, tmp_path / "out" / outcome.ADAPTER)["adapter_parameters"] == counted.parameters


def test_a_batch_is_counted_without_its_first_column() -> None:
    import torch

    counted = outcome.Outcome()
    batch: dict[str, Any] = {
        "input_ids": torch.zeros(2, 5, dtype=torch.long),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]),
        "labels": torch.tensor([[7, -100, 7, 7, 7], [-100, 7, -100, -100, -100]]),
    }
    outcome.count_batch(counted, batch)
    assert (counted.positions, counted.tokens, counted.learnt) == (10, 7, 4)
