"""Two processes that train together: the same figures as one, and the same bytes when they are disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import MachineError
from rantau.machine import Machine
from rantau.stages.training import checkpoints
from rantau.stages.training.launch import Start, on_processes
from rantau.stages.training.ranks import Ranks
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import lasting, train_cpt, write_rows
from tests.stages.training.test_preference import write_pairs
from tests.stages.training.together import (
    CASES,
    DISTURBED_STEPS,
    Learnt,
    disturbed_recipe,
    scenarios,
    train_rank_held,
)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    write_rows(folder / "cpt")
    write_pairs(folder / "dpo", n=40)
    return folder


@pytest.fixture(scope="module")
def two(tiny_base: Path, places: Path) -> dict[str, Learnt]:
    """What two processes found; one launch for all, since starting them takes the time."""
    start = Start(scenarios, (tiny_base, places), Machine(threads=2, processes=2), places / "stop", "the cases")
    found: dict[str, Learnt] = on_processes(start)
    return found


@pytest.mark.parametrize("name", CASES)
def test_two_processes_learn_what_one_does(
    tiny_base: Path, places: Path, two: dict[str, Learnt], name: str
) -> None:
    one, other = CASES[name].run(Ranks(), tiny_base, places), two[name]
    assert len(one.losses) == 5 and len(set(one.losses)) == 5
    assert other.losses == pytest.approx(one.losses, rel=2e-7)  # float32 sums of float64 parts
    assert other.norms == pytest.approx(one.norms, rel=1e-9)
    assert other.preferred == pytest.approx(one.preferred)
    assert other.held_back == pytest.approx(one.held_back, rel=1e-12)
    assert one.weights.keys() == other.weights.keys() and one.checkpoint.keys() == other.checkpoint.keys()
    for key, weight in one.weights.items():
        assert (weight - other.weights[key]).abs().max() < 1e-8, key
    for key, weight in one.checkpoint.items():
        assert (weight - other.checkpoint[key]).abs().max() < 1e-8, key


def test_fsdp_shares_the_layers_out(two: dict[str, Learnt]) -> None:
    """Half of two layers is elsewhere; embeddings (tied, 512 x 32 at most) and the last norm stay."""
    layer = 32 * (32 + 16 + 16 + 32) + 3 * 32 * 64 + 2 * 32
    assert two["ddp"].base_here - two["fsdp"].base_here == layer  # 2 layers x 1/2


def test_disturbed_in_every_way_it_ends_with_the_same_bytes(
    tiny_base: Path, places: Path, two: dict[str, Learnt], tmp_path: Path
) -> None:
    """A process is killed, then SIGTERM arrives; going on from the checkpoints gives what an undisturbed phase
    gave: losses, measurements, adapter."""
    asked = disturbed_recipe(tiny_base)

    words = r"Phase cpt: the process of rank 1 of 2 \(pid \d+\) was ended by signal 9 \(SIGKILL\); most likely"
    with at_a_new_checkpoint(tmp_path, kill_rank_1), pytest.raises(MachineError, match=words):
        train_cpt(asked, places / "cpt", tmp_path, processes=2, threads=2)
    first = checkpoints.step_of(checkpoints.last_whole(tmp_path / "checkpoints"))
    assert first >= 5 and not active_children()

    words = r"Phase cpt was stopped \(SIGTERM\) after step \d+ of 60"
    with at_a_new_checkpoint(tmp_path, stop_this), pytest.raises(MachineError, match=words):
        train_cpt(asked, places / "cpt", tmp_path, processes=2, threads=2)
    second = checkpoints.step_of(checkpoints.last_whole(tmp_path / "checkpoints"))
    assert first < second < DISTURBED_STEPS and len(files.read_jsonl(tmp_path / "loss.jsonl")) == second

    train_cpt(asked, places / "cpt", tmp_path, processes=2, threads=2)
    stage, whole = train_stage(asked.phases[0], None), places / "undisturbed"
    assert lasting(tmp_path, stage) == lasting(whole, stage)
    assert files.read_json(tmp_path / "speed.json")["processes"] == 2
    assert len(files.read_jsonl(whole / "loss.jsonl")) == DISTURBED_STEPS
    assert {"held_back.jsonl", "adapter/adapter_model.safetensors"} <= set(lasting(whole, stage))


def test_one_process_goes_on_where_two_stopped(
    tiny_base: Path, places: Path, two: dict[str, Learnt], tmp_path: Path
) -> None:
    shutil.copytree(places / "undisturbed", tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "adapter")
    summary = train_cpt(disturbed_recipe(tiny_base), places / "cpt", tmp_path / "out")
    assert summary.steps == DISTURBED_STEPS
    ours, theirs = (
        f / "adapter" / "adapter_model.safetensors" for f in (tmp_path / "out", places / "undisturbed")
    )
    assert ours.read_bytes() == theirs.read_bytes()


@contextmanager
def at_a_new_checkpoint(out: Path, act: Callable[[], None]) -> Iterator[None]:
    """Does something beside the block when a checkpoint has been sealed in it; a phase of several processes there
    waits for that."""

    def newest() -> int:
        seals = out.glob(f"checkpoints/{checkpoints.PREFIX}*/{checkpoints.SEAL}")
        return max((checkpoints.step_of(seal.parent) for seal in seals), default=0)

    before, over = newest(), threading.Event()

    def watch() -> None:
        while newest() <= before and not over.is_set():
            time.sleep(0.002)
        if not over.is_set():
            act()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rantau.stages.training.stage.train_rank", train_rank_held)
            yield
    finally:
        over.set()
        watcher.join()


def stop_this() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def kill_rank_1() -> None:
    (process,) = [process for process in active_children() if process.name == "rank 1"]
    process.kill()
