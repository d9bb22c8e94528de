"""Keep, rebuild and say why; continue after kill -9; refuse what was not declared."""

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import StoreError
from rantau.machine import Machine
from rantau.run import runner
from rantau.run.manifest import Manifest, damage
from rantau.run.progress import Progress
from rantau.run.stage import Context, Stage
from rantau.run.store import Store
from tests.run import toy
from tests.waiting import until


def test_second_run_keeps_everything(tmp_path: Path) -> None:
    first, second = toy.run(tmp_path), toy.run(tmp_path)
    assert [o.status for o in first] == ["built", "built"]
    assert [(o.status, o.reason) for o in second] == [("kept", "unchanged")] * 2
    assert [o.digest for o in first] == [o.digest for o in second]


def test_a_change_rebuilds_only_what_declared_it(tmp_path: Path) -> None:
    toy.run(tmp_path)
    outcomes = toy.run(tmp_path, toy.recipe(adapter={"rank": 8}))
    assert [(o.status, o.reason) for o in outcomes] == [
        ("kept", "unchanged"),
        ("built", "adapter.rank 16 -> 8"),
    ]


def test_what_follows_a_change_is_named(tmp_path: Path) -> None:
    toy.run(tmp_path)
    outcomes = toy.run(tmp_path, toy.recipe(seed=7))
    assert [o.reason for o in outcomes] == ["seed 42 -> 7", "follows count"]


def test_a_raised_version_rebuilds(tmp_path: Path) -> None:
    toy.run(tmp_path)
    outcomes = toy.run(tmp_path, stages=(replace(toy.COUNT, version=2), toy.ADD))
    assert outcomes[0].reason == "version 1 -> 2"


def test_seconds_are_recorded_but_not_in_the_digest(tmp_path: Path) -> None:
    one, two = toy.run(tmp_path / "a")[0], toy.run(tmp_path / "b")[0]
    assert one.digest == two.digest
    listed = Manifest.read(one.folder).files
    assert listed["speed.json"]["volatile"] and not listed["numbers.jsonl"]["volatile"]
    assert not (one.folder / "scratch").exists()


def test_kill_at_a_random_moment_changes_nothing(tmp_path: Path) -> None:
    undisturbed = [o.digest for o in toy.run(tmp_path / "calm")]
    store = tmp_path / "killed"
    for _ in range(3):
        command = [sys.executable, "-m", "tests.run.toy", str(store)]
        with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
            numbers = store / "count"
            while process.poll() is None and not list(numbers.glob("*.part/numbers.jsonl")):
                time.sleep(0.005)
            time.sleep(random.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
    assert [o.digest for o in toy.run(store)] == undisturbed


def test_unfinished_work_is_never_taken_for_finished(tmp_path: Path) -> None:
    def fails(context: Context) -> toy.Summary:
        files.write_json(context.out / "half.json", {})
        raise StoreError("stop here")

    with pytest.raises(StoreError, match="stop here"):
        toy.run(tmp_path, stages=(Stage("count", 1, (), ("seed",), fails),))
    assert not list(tmp_path.glob("count/*/manifest.json"))


def test_reading_an_undeclared_slice_is_an_error(tmp_path: Path) -> None:
    def curious(context: Context) -> toy.Summary:
        return toy.Summary(context.recipe.adapter.rank)

    with pytest.raises(StoreError, match=r"recipe\.adapter is read but not declared"):
        toy.run(tmp_path, stages=(Stage("count", 1, (), ("seed",), curious),))


def test_damage_is_found(tmp_path: Path) -> None:
    outcome = toy.run(tmp_path)[0]
    assert damage(outcome.folder) == []
    (outcome.folder / "numbers.jsonl").write_text("{}\n")
    (outcome.folder / "stranger.txt").write_text("x")
    assert damage(outcome.folder) == ["stranger.txt: not in the manifest", "numbers.jsonl: changed"]


def test_the_second_run_says_who_holds_the_store_and_waits(tmp_path: Path) -> None:
    store, said = Store(tmp_path), io.StringIO()
    quiet = Progress(quiet=True)
    with store.lock(quiet):
        with pytest.raises(StoreError, match=f"still locked by process {os.getpid()}"), Store(tmp_path).lock(quiet, wait_s=0.1):  # fmt: skip  # noqa: E501
            pass
        waiting = threading.Thread(target=lambda: runner.run((), toy.recipe(), Path(), Store(tmp_path), Machine(), Progress(said)))  # fmt: skip  # noqa: E501
        waiting.start()
        until(lambda: f"is used by process {os.getpid()}" in said.getvalue())
    waiting.join(60)
    assert not waiting.is_alive()


def test_one_field_of_every_element_can_be_declared(tmp_path: Path) -> None:
    seen: list[object] = []

    def look(context: Context) -> toy.Summary:
        phase = context.recipe.phases[0]
        seen.append((phase.name, phase.tokens))
        return toy.Summary(phase.batch_size if context.recipe.phases[0].tokens == 7 else 0)

    stage = Stage("look", 1, (), ("phases.*.tokens",), look)
    phase = {"name": "cpt", "kind": "cpt", "mixture": {"a": 1.0}}
    toy.run(tmp_path, stages=(stage,))
    kept = toy.run(tmp_path, toy.recipe(phases=[{**phase, "learning_rate": 1e-3}]), stages=(stage,))
    assert kept[0].status == "kept" and seen == [("cpt", None)]
    with pytest.raises(StoreError, match=r"cpt\.batch_size is read but not declared"):
        toy.run(tmp_path, toy.recipe(phases=[{**phase, "tokens": 7}]), stages=(stage,))
