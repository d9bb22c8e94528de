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
from tests.stages.training.harness import STAGE_STEPS, lasting, recipe, train_cpt, write_rows

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


def _kill_after_a_checkpoint(base: Path, rows: Path, out: Path) -> None:
    out.mkdir(exist_ok=True)
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-m", "tests.stages.training.harness", str(base), str(rows), str(out)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}) as running:
        seal = out / "checkpoints" / f"{checkpoints.PREFIX}5" / checkpoints.SEAL
        while not seal.exists() and not list(out.glob("checkpoints/checkpoint-[12]*")):
            assert running.poll() is None, "the phase ended before its first checkpoint"
            time.sleep(0.002)
        time.sleep(random.uniform(0.0, 0.25))
        running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL


@pytest.mark.parametrize("stop_at", [1, 12, 29])
def test_every_stop_resumes_to_the_same_bytes(
    tiny_base: Path, undisturbed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    rows, whole = undisturbed
    asked = recipe(tiny_base, epochs=STAGE_STEPS / 5)

    class Vanishes(observer.Observer):
        def on_step_begin(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
            super().on_step_begin(args, state, control, **rest)
            if state.global_step == stop_at:
                raise KeyboardInterrupt

    monkeypatch.setattr(observer, "Observer", Vanishes)
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
    assert [p.name for p in (undisturbed[1] / "checkpoints").iterdir()] == [f"checkpoint-{STAGE_STEPS}"]


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
