"""A run that is watched while it trains, and shown to a tracker: the figures are those of its journal."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rantau import files
from rantau.run.now import Now, read_now
from tests.flow.small import command, environment, rantau, write_project
from tests.waiting import until

HELD = """
import os
from rantau.cli import main
from rantau.run.now import Announcer

building = Announcer.building

def held(*stage, **place):
    with open("stages", "a") as reached:
        reached.write("|")
    os.read(0, 1)
    building(*stage, **place)

if __name__ == "__main__":
    Announcer.building = held
    main()
"""
"""rantau, which reads a byte before it begins a stage."""


def shown_whole(now: Now, folder: Path) -> bool:
    """Whether all has been shown of a stage that is done."""
    if not now.stage.startswith("train-"):
        return f"] {now.stage} is running\n" in (folder / "said").read_text()
    done = (folder / "runs" / "small" / now.part).resolve().with_suffix("")
    n_shown = (folder / "seen").read_text().count(f'"stage": "{now.stage}"')
    return n_shown == len(files.read_jsonl(done / "loss.jsonl"))


def stands_before(stage: int, running: subprocess.Popen[bytes], folder: Path) -> bool:
    """Waits until the run has come to its stage, from 1; False if it has ended."""
    reached = folder / "stages"
    until(
        lambda: running.poll() is not None or (reached.exists() and reached.stat().st_size == stage),
        f"stage {stage}", limit_s=600,
    )  # fmt: skip
    return running.poll() is None


def look_on(running: subprocess.Popen[bytes], folder: Path) -> int:
    """Lets a run that stands still before each stage go on once `show --live` has shown the stage before.

    Returns  the code of `show --live`; its figures are in `seen`, its words in `said`
    """
    assert stands_before(1, running, folder)
    os.write(go_on := running.stdin.fileno(), b"|")  # type: ignore[union-attr]  # only then the first is announced
    stage = 2
    assert stands_before(stage, running, folder)
    with (folder / "seen").open("w") as seen, (folder / "said").open("w") as said:
        arguments = command("show", "small", "--live", "--json")
        with subprocess.Popen(arguments, cwd=folder, env=environment(), stdout=seen, stderr=said) as looking:
            while stands_before(stage, running, folder):
                now = read_now(folder / "runs" / "small")
                assert now is not None
                until(lambda now=now: shown_whole(now, folder) or looking.poll() is not None, now.stage)
                os.write(go_on, b"|")
                stage += 1
    return looking.returncode


@pytest.mark.timeout(600)
def test_a_run_is_followed_from_beside(tiny_base: Path, tmp_path: Path) -> None:
    write_project(tmp_path, tiny_base)
    (tmp_path / "held.py").write_text(HELD)
    arguments = [sys.executable, "held.py", "run", "small.yaml", "--quiet"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(arguments, cwd=tmp_path, env=environment(), **pipes) as running:
        try:
            code = look_on(running, tmp_path)
        finally:
            running.kill()  # it has ended, unless something failed
    words = (tmp_path / "said").read_text()
    assert (code, running.returncode) == (0, 0), words
    shown = [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]
    written = [
        (stage, row["step"], row["loss"])
        for stage in ("train-read", "train-talk")
        for row in files.read_jsonl(tmp_path / "runs" / "small" / "stages" / stage / "loss.jsonl")
    ]
    assert [(row["stage"], row["step"], row["loss"]) for row in shown] == written and shown[-1]["left_s"] == 0
    told = [int(n) for n in re.findall(r"^\[(\d+)/13\] \S+ is running$", words, re.MULTILINE)]
    assert told in ([*range(1, 7), *range(9, 13)], [*range(1, 7), *range(9, 14)])  # the last may be over too soon

    again = rantau("show", "small", "--live", cwd=tmp_path)
    assert again.returncode == 2 and "no run named 'small' is running" in again.stderr
