"""What may go wrong on a machine in the middle of a phase, and that the phase goes on from its last checkpoint."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import MachineError, TrainingError
from rantau.stages.training import checkpoints
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import lasting, recipe, train_cpt, write_rows


@pytest.fixture(scope="module")
def undisturbed(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("undisturbed")
    rows = write_rows(folder / "format")
    train_cpt(asked_of(tiny_base), rows, folder / "out")
    return rows, folder / "out"


def asked_of(base: Path) -> Any:
    return recipe(base, epochs=3.0, ema=0.9, early_stopping={"share": 0.2, "every_steps": 2, "patience": 99})


def goes_on(base: Path, undisturbed: tuple[Path, Path], out: Path, *, at: int) -> None:
    """The last checkpoint is of step `at`, and from there the same comes out."""
    assert checkpoints.step_of(checkpoints.last_whole(out / "checkpoints")) == at
    asked = asked_of(base)
    train_cpt(asked, undisturbed[0], out)
    stage = train_stage(asked.phases[0], None)
    assert lasting(out, stage) == lasting(undisturbed[1], stage)


def test_a_disk_that_is_full_at_a_checkpoint(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    real, saved = torch.save, []

    def full(value: Any, path: Any, *rest: Any, **named: Any) -> None:
        saved.append(str(path))
        if "checkpoint-10" in str(path) and str(path).endswith("optimizer.pt"):
            Path(path).write_bytes(b"the first bytes of it")
            raise RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed")
        real(value, path, *rest, **named)

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(MachineError, match=r"checkpoint-10: the disk is full\. Free some space"):
        train_cpt(asked_of(tiny_base), undisturbed[0], tmp_path)
    monkeypatch.undo()
    assert saved and (tmp_path / "checkpoints" / "checkpoint-10").exists()
    goes_on(tiny_base, undisturbed, tmp_path, at=5)


@pytest.mark.parametrize("name", ["loss.jsonl", "held_back.jsonl", "average.safetensors", "early_stopping.json"])
def test_a_disk_that_is_full_elsewhere(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The disk gives out when this file is flushed after step 6, or when it goes into the second checkpoint."""
    real = os.fsync

    def full(descriptor: int) -> None:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        late = "checkpoint-10" in path or len(files.read_appended_jsonl(tmp_path / "loss.jsonl")) > 6
        if name in path and late:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("open files cannot be named on this system")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="the disk is full"):
        train_cpt(asked_of(tiny_base), undisturbed[0], tmp_path)
    monkeypatch.undo()
    goes_on(tiny_base, undisturbed, tmp_path, at=5)


def test_a_measurement_that_does_not_fit_is_done_in_halves(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from rantau.stages.training import trainer

    real = trainer.summed_nats

    def scarce(model: Any, batch: Any, head: Any) -> Any:
        if len(batch["input_ids"]) > 2 and not torch.is_grad_enabled():
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(model, batch, head)

    monkeypatch.setattr(trainer, "summed_nats", scarce)
    train_cpt(asked_of(tiny_base), undisturbed[0], tmp_path)
    free, narrow = (files.read_jsonl(f / "held_back.jsonl") for f in (undisturbed[1], tmp_path))
    assert [r["bits_per_byte"] for r in narrow] == pytest.approx([r["bits_per_byte"] for r in free], abs=1e-4)
    assert files.read_json(tmp_path / "speed.json")["micro_batch"] == 2


def test_a_halved_batch_is_kept_for_the_run_that_goes_on(tmp_path: Path) -> None:
    from rantau.stages.training.micro_batch import MicroBatch

    def of(rows: int) -> MicroBatch:
        return MicroBatch(rows, job=None, ranks=None)  # type: ignore[arg-type]

    of(2).save(tmp_path)
    for given, expected in ((8, 2), (1, 1)):
        begun = of(given)
        begun.load(tmp_path)
        assert begun.rows == expected


def test_held_back_rows_whose_loss_is_no_number(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from rantau.stages.training import trainer

    real = trainer.summed_nats

    def broken(model: Any, batch: Any, head: Any) -> Any:
        return real(model, batch, head) * (1 if torch.is_grad_enabled() else float("nan"))

    monkeypatch.setattr(trainer, "summed_nats", broken)
    with pytest.raises(TrainingError, match=r"Phase cpt, step 2: the loss of the held-back rows is nan"):
        train_cpt(asked_of(tiny_base), undisturbed[0], tmp_path)


def test_an_optimiser_that_does_not_fit(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def none(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.optim.AdamW, "step", none)
    with pytest.raises(MachineError, match=r"Phase cpt: the optimiser does not fit into memory\. Use a smaller"):
        train_cpt(asked_of(tiny_base), undisturbed[0], tmp_path)
