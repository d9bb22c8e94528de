"""Early stopping: what counts as a gain, when a phase ends, and which adapter is kept."""

import math
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.recipe import EarlyStopping
from rantau.stages.training import steps as steps_of_a_phase
from rantau.stages.training.early_stopping import EarlyStop
from rantau.stages.training.held_back import draw_held_back, learnt_bytes
from rantau.stages.training.rows import read_rows
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import lasting, recipe, train_cpt, write_rows

STOPPING = {"share": 0.25, "every_steps": 3, "patience": 2}
OVERFIT: dict[str, Any] = {"epochs": 12.0, "learning_rate": 2e-2, "schedule": "constant"}


def note(text: str) -> Any:
    def keep(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "adapter").write_text(text)

    return keep


@pytest.mark.parametrize(
    ("min_gain", "bits", "gains", "best_step", "ended"),
    [
        (0.0, [3.0, 2.5, 2.4, 2.6], "1110", 3, False),
        (0.0, [3.0, 3.0, 3.1], "100", 1, True),
        (0.0, [3.0, 3.1, 2.9, 3.0, 2.9], "10100", 3, True),
        (0.25, [3.0, 2.875, 2.75, 2.5], "1011", 4, False),
        (0.5, [3.0, 2.75, 2.625], "100", 1, True),
    ],
)
def test_gains_and_the_end(
    tmp_path: Path, min_gain: float, bits: list[float], gains: str, best_step: int, ended: bool
) -> None:
    stop = EarlyStop(EarlyStopping(patience=2, min_gain=min_gain), tmp_path)
    found = [stop.judge(step, value, keep=note(str(step))) for step, value in enumerate(bits, start=1)]
    assert "".join(str(int(gain)) for gain in found) == gains
    assert (stop.standing.best_step, stop.ended) == (best_step, ended)
    assert (stop.best / "adapter").read_text() == str(best_step)


def test_measured_at_every_so_many_steps_and_at_the_last(tmp_path: Path) -> None:
    stop = EarlyStop(EarlyStopping(every_steps=4), tmp_path)
    assert [step for step in range(1, 11) if stop.due(step, steps=10)] == [4, 8, 10]


def test_a_checkpoint_holds_the_best_of_its_own_past(tmp_path: Path) -> None:
    stop = EarlyStop(EarlyStopping(patience=2), tmp_path)
    stop.save(tmp_path / "empty")
    stop.judge(1, 3.0, keep=note("1"))
    stop.judge(2, 3.5, keep=note("2"))
    stop.save(tmp_path / "first")
    stop.judge(3, 2.0, keep=note("3"))

    again = EarlyStop(EarlyStopping(patience=2), tmp_path)
    again.load(tmp_path / "first")
    assert (again.standing.best_bits, again.standing.best_step, again.standing.without_gain) == (3.0, 1, 1)
    assert (again.best / "adapter").read_text() == "1"
    again.load(tmp_path / "empty")
    assert again.standing.best_bits is None and not again.best.exists()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("format"))


@pytest.fixture(scope="module")
def stopped(tiny_base: Path, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phase that learns its rows by heart, so that the held-back ones soon lose."""
    out = tmp_path_factory.mktemp("stopped")
    train_cpt(recipe(tiny_base, early_stopping=STOPPING, **OVERFIT), rows, out)
    return out


def test_the_phase_ends_and_says_why(stopped: Path) -> None:
    summary, measured = files.read_json(stopped / "summary.json"), files.read_jsonl(stopped / "held_back.jsonl")
    assert summary["ended"] == "no gain" and summary["steps_planned"] == 48 > summary["steps"]
    assert [row["step"] for row in measured] == list(range(3, summary["steps"] + 1, 3))
    best = min(measured, key=lambda row: row["bits_per_byte"])
    assert summary["best_step"] == best["step"] == summary["steps"] - 6
    assert summary["held_back_bits_per_byte"] == best["bits_per_byte"]
    assert [row["gain"] for row in measured][-2:] == [False, False] and best["gain"]
    assert (summary["rows"], summary["held_back"]) == (30, 10)
    losses = files.read_jsonl(stopped / "loss.jsonl")
    assert len(losses) == summary["steps"] and losses[-1]["epoch"] == summary["steps"] / 4
    assert summary["learnt_tokens"] == sum(row["learnt_tokens"] for row in losses)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT 0.21 on transformers 5.23
def test_the_kept_adapter_is_the_best_one(tiny_base: Path, rows: Path, stopped: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), str(stopped / "adapter"))
    tokenizer, read = AutoTokenizer.from_pretrained(tiny_base), read_rows(rows / "cpt.parquet")
    nats, n_bytes = 0.0, 0
    for row in draw_held_back(40, share=0.25, seed=7, phase="cpt"):
        ids, learnt = read[row]
        logits = model(torch.tensor([ids.tolist()])).logits[0].log_softmax(-1)
        nats -= sum(float(logits[i - 1, ids[i]].detach()) for i in range(1, len(ids)) if learnt[i])
        n_bytes += learnt_bytes(tokenizer, ids, learnt)
    summary = files.read_json(stopped / "summary.json")
    assert nats / math.log(2) / n_bytes == pytest.approx(summary["held_back_bits_per_byte"], rel=1e-5)


def test_it_learns_what_it_would_have_learnt_without_stopping(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    """Rates are planned for all steps, and measuring changes nothing of what follows."""
    curves = []
    for name, stopping in (("often", {"every_steps": 1}), ("seldom", {"every_steps": 100})):
        asked = recipe(tiny_base, epochs=2.0, early_stopping={"share": 0.25, "patience": 100, **stopping})
        summary = train_cpt(asked, rows, tmp_path / name)
        curves.append(files.read_jsonl(tmp_path / name / "loss.jsonl"))
        assert summary.ended == "all steps" and summary.steps == summary.steps_planned == 8
    assert curves[0] == curves[1]
    measured = [len(files.read_jsonl(tmp_path / name / "held_back.jsonl")) for name in ("often", "seldom")]
    assert measured == [8, 1]


def test_killed_after_its_end_it_only_writes_the_results(
    tiny_base: Path, rows: Path, stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = recipe(tiny_base, early_stopping=STOPPING, **OVERFIT)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(steps_of_a_phase, "_say_the_end", killed)
    with pytest.raises(KeyboardInterrupt):
        train_cpt(asked, rows, tmp_path)
    monkeypatch.undo()
    assert not (tmp_path / "adapter").exists()
    monkeypatch.setattr(steps_of_a_phase, "_train", killed)  # not one step more
    train_cpt(asked, rows, tmp_path)
    stage = train_stage(asked.phases[0], None)
    assert lasting(tmp_path, stage) == lasting(stopped, stage)


def test_with_an_average_the_average_is_measured_and_kept(tiny_base: Path, rows: Path, tmp_path: Path) -> None:
    found = {}
    for ema in (None, 0.95):
        asked = recipe(tiny_base, epochs=2.0, ema=ema, early_stopping={"share": 0.25, "every_steps": 4})
        train_cpt(asked, rows, tmp_path / str(ema))
        found[ema] = [r["bits_per_byte"] for r in files.read_jsonl(tmp_path / str(ema) / "held_back.jsonl")]
    losses = [files.read_jsonl(tmp_path / str(ema) / "loss.jsonl") for ema in (None, 0.95)]
    assert losses[0] == losses[1] and all(a != b for a, b in zip(found[None], found[0.95], strict=True))
