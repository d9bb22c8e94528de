"""now.json: there while a stage is built, gone when the run has ended, left behind by a kill."""

import os
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.machine import Machine
from rantau.run import runner
from rantau.run.now import FILE_NAME, announced, read_now
from rantau.run.progress import Progress
from rantau.run.stage import Stage
from rantau.run.store import Store
from tests.run import toy


def run(stage: Stage, folder: Path) -> Any:
    store, quiet = Store(folder / "store"), Progress(quiet=True)
    return runner.run((stage,), toy.recipe(), Path(), store, Machine(), quiet, people=folder / "runs" / "toy")


def test_a_stage_is_announced_while_it_is_built(tmp_path: Path) -> None:
    people, seen = tmp_path / "runs" / "toy", []

    def look(ctx: Any) -> toy.Summary:
        seen.append(read_now(people))
        assert ctx.people == people
        files.write_json(people / "kept.json", {})
        return toy.Summary(1)

    run(Stage("look", 1, needs=(), slices=(), run=look), tmp_path)
    now = seen[0]
    assert (now.stage, now.number, now.of, now.process) == ("look", 1, 1, os.getpid()) and not now.gone
    assert (people / now.part).resolve().with_suffix("").is_dir() and now.part.endswith(".part")
    assert not (people / FILE_NAME).exists() and (people / "kept.json").exists()


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(ctx: Any) -> toy.Summary:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Stage("fail", 1, needs=(), slices=(), run=fail), tmp_path)
    assert not (tmp_path / "runs" / "toy").exists()


def test_a_process_that_is_gone_is_known(tmp_path: Path) -> None:
    with announced(tmp_path) as announcer:
        announcer.building("train-read", tmp_path / "x.part", number=1, of=2)
        row = files.read_json(tmp_path / FILE_NAME)
        files.write_json(tmp_path / FILE_NAME, {**row, "process": 2**22 + 1})
        now = read_now(tmp_path)
        assert now is not None and now.gone
        files.write_json(tmp_path / FILE_NAME, {**row, "process": 2**22 + 1, "host": "somewhere.else"})
        now = read_now(tmp_path)
        assert now is not None and not now.gone


def test_nobody_looks() -> None:
    with announced(None) as announcer:
        announcer.building("train-read", Path("x.part"), number=1, of=2)
