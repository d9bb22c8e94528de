"""Killed at any moment, a phase ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import MachineError
from rantau.stages.training import checkpoints, observer
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import (
    STAGE_STEPS,
    everything,
    lasting,
    recipe,
    train_cpt,
    train_sft,
    write_rows,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def undisturbed(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of the rows and of a phase of 30 steps that nothing stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    rows = write_rows(folder / "format")
    train_cpt(recipe(tiny_base, epochs=STAGE_STEPS / 5), rows, folder / "out")
    return rows, folder / "out"


def test_kill_9_and_again_gives_the_same_bytes(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path
) -> None:
    rows, whole = undisturbed
    asked = recipe(tiny_base, epochs=STAGE_STEPS / 5)
    _kill_after_a_checkpoint(tiny_base, rows, tmp_path)
    at = checkpoints.step_of(checkpoints.last_whole(tmp_path / "checkpoints"))
    assert at >= 5 and not (tmp_path / "adapter").exists()

    train_cpt(asked, rows, tmp_path)

    stage = train_stage(asked.phases[0], None)
    assert lasting(tmp_path, stage) == lasting(whole, stage)


@pytest.fixture(scope="module")
def everything_undisturbed(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of the rows and of two phases with all that a checkpoint can hold, which nothing stopped."""
    pytest.importorskip("bitsandbytes", reason="the extra quant is not installed")
    folder = tmp_path_factory.mktemp("everything")
    rows, asked = write_rows(folder / "format"), everything(tiny_base)
    write_rows(folder / "format", phase="sft", seed=4)
    train_cpt(asked, rows, folder / "cpt")
    train_sft(asked, rows, folder / "cpt", folder / "sft")
    return {"rows": rows, "cpt": folder / "cpt", "sft": folder / "sft"}


@pytest.mark.parametrize("phase", ["cpt", "sft"])
def test_kill_9_with_average_early_stopping_and_8_bits(
    tiny_base: Path, everything_undisturbed: dict[str, Path], tmp_path: Path, phase: str
) -> None:
    """Twice, at moments of their own: losses, measurements and the adapter are those of a phase nobody stopped."""
    asked, rows = everything(tiny_base), everything_undisturbed["rows"]
    first = [str(everything_undisturbed["cpt"])] if phase == "sft" else []
    for _ in range(2):
        _kill_after_a_checkpoint(tiny_base, rows, tmp_path, "everything", *first)
    assert checkpoints.last_whole(tmp_path / "checkpoints") and not (tmp_path / "adapter").exists()

    if first:
        train_sft(asked, rows, everything_undisturbed["cpt"], tmp_path)
    else:
        train_cpt(asked, rows, tmp_path)

    stage = train_stage(asked.phases[0], None)
    found = lasting(tmp_path, stage)
    assert found == lasting(everything_undisturbed[phase], stage)
    assert {"loss.jsonl", "held_back.jsonl", "adapter/adapter_model.safetensors"} <= set(found)


@pytest.mark.parametrize("stop_at", [1, 5, 14, 29])
def test_everything_stopped_at_any_step_ends_the_same(
    tiny_base: Path, everything_undisturbed: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    stop_at: int,
) -> None:  # fmt: skip
    asked, rows = everything(tiny_base), everything_undisturbed["rows"]
    _vanish(monkeypatch, stop_at)
    with pytest.raises(KeyboardInterrupt):
        train_cpt(asked, rows, tmp_path)
    monkeypatch.undo()
    train_cpt(asked, rows, tmp_path)
    stage = train_stage(asked.phases[0], None)
    assert lasting(tmp_path, stage) == lasting(everything_undisturbed["cpt"], stage)


def _kill_after_a_checkpoint(base: Path, rows: Path, out: Path, *more: str) -> None:
    out.mkdir(exist_ok=True)
    before = checkpoints.step_of(checkpoints.last_whole(out / "checkpoints"))
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-m", "tests.stages.training.harness", str(base), str(rows), str(out), *more]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}) as running:
        while _newest_seal(out) <= before:
            assert running.poll() is None, "the phase ended before its first checkpoint"
            time.sleep(0.002)
        time.sleep(random.uniform(0.0, 0.25))
        running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL


def _newest_seal(out: Path) -> int:
    """Step of the newest checkpoint that is sealed; files may come and go meanwhile."""
    seals = out.glob(f"checkpoints/{checkpoints.PREFIX}*/{checkpoints.SEAL}")
    return max((checkpoints.step_of(seal.parent) for seal in seals), default=0)


def _vanish(monkeypatch: pytest.MonkeyPatch, stop_at: int) -> None:
    """The process ends without a word when it begins the step after `stop_at`."""

    class Vanishes(observer.Observer):
        def on_step_begin(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
            super().on_step_begin(args, state, control, **rest)
            if state.global_step == stop_at:
                raise KeyboardInterrupt

    monkeypatch.setattr(observer, "Observer", Vanishes)


@pytest.mark.parametrize("stop_at", [1, 12, 29])
def test_every_stop_resumes_to_the_same_bytes(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    rows, whole = undisturbed
    asked = recipe(tiny_base, epochs=STAGE_STEPS / 5)

    _vanish(monkeypatch, stop_at)
    with pytest.raises(KeyboardInterrupt):
        train_cpt(asked, rows, tmp_path)
    monkeypatch.undo()
    assert len(files.read_jsonl(tmp_path / "loss.jsonl")) == stop_at

    train_cpt(asked, rows, tmp_path)

    stage = train_stage(asked.phases[0], None)
    assert lasting(tmp_path, stage) == lasting(whole, stage)


def test_a_half_written_checkpoint_is_discarded(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path
) -> None:
    import shutil

    rows, whole = undisturbed
    asked = recipe(tiny_base, epochs=STAGE_STEPS / 5)
    last = whole / "checkpoints" / f"checkpoint-{STAGE_STEPS}"
    cut, unsealed = tmp_path / "checkpoints" / "checkpoint-30", tmp_path / "checkpoints" / "checkpoint-25"
    shutil.copytree(last, cut)
    shutil.copytree(last, unsealed)
    (unsealed / checkpoints.SEAL).unlink()
    optimiser = cut / "optimizer.pt"
    optimiser.write_bytes(optimiser.read_bytes()[:-100])

    assert checkpoints.last_whole(tmp_path / "checkpoints") is None
    assert not cut.exists() and not unsealed.exists()
    train_cpt(asked, rows, tmp_path)
    stage = train_stage(asked.phases[0], None)
    assert lasting(tmp_path, stage) == lasting(whole, stage)


def test_only_the_last_checkpoint_is_kept(undisturbed: tuple[Path, Path]) -> None:
    kept = [p.name for p in (undisturbed[1] / "checkpoints").iterdir() if p.is_dir()]
    assert kept == [f"checkpoint-{STAGE_STEPS}"]


def test_a_finished_phase_that_is_run_again_only_writes_its_results(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path
) -> None:
    import shutil

    rows, whole = undisturbed
    shutil.copytree(whole, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "adapter")
    asked = recipe(tiny_base, epochs=STAGE_STEPS / 5)
    train_cpt(asked, rows, tmp_path / "out")
    stage = train_stage(asked.phases[0], None)
    assert lasting(tmp_path / "out", stage) == lasting(whole, stage)


def test_sigterm_leaves_a_checkpoint_and_says_so(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, whole = undisturbed
    asked = recipe(tiny_base, epochs=STAGE_STEPS / 5)

    class Terminated(observer.Observer):
        def on_step_begin(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
            super().on_step_begin(args, state, control, **rest)
            if state.global_step == 2:
                os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(observer, "Observer", Terminated)
    with pytest.raises(MachineError, match=r"stopped \(SIGTERM\) after step 3 of 30\. A checkpoint is kept"):
        train_cpt(asked, rows, tmp_path)
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGTERM) is before
    assert checkpoints.step_of(checkpoints.last_whole(tmp_path / "checkpoints")) == 3

    train_cpt(asked, rows, tmp_path)
    stage = train_stage(asked.phases[0], None)
    assert lasting(tmp_path, stage) == lasting(whole, stage)
