"""A run that is watched while it trains, and shown to a tracker: the figures are those of its journal."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from rantau import files
from tests.flow.small import command, environment, rantau, write_project


@pytest.mark.timeout(600)
def test_a_run_is_followed_from_beside(tiny_base: Path, tmp_path: Path) -> None:
    write_project(tmp_path, tiny_base)
    arguments = command("run", "small.yaml", "--quiet")
    with subprocess.Popen(arguments, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL) as running:
        while not (tmp_path / "runs" / "small" / "now.json").exists():
            assert running.poll() is None
            time.sleep(0.01)
        seen = rantau("show", "small", "--live", "--json", cwd=tmp_path)
        assert seen.returncode == 0, seen.stderr
        assert running.wait() == 0
    shown = [json.loads(line) for line in seen.stdout.splitlines()]
    written = [
        (stage, row["step"], row["loss"])
        for stage in ("train-read", "train-talk")
        for row in files.read_jsonl(tmp_path / "runs" / "small" / "stages" / stage / "loss.jsonl")
    ]
    assert [(row["stage"], row["step"], row["loss"]) for row in shown] == written and shown[-1]["left_s"] == 0
    told = [int(n) for n in re.findall(r"^\[(\d+)/13\] \S+ is running$", seen.stderr, re.MULTILINE)]
    # the first stages may be over before one looks, and the last ones take a moment
    assert told == sorted(set(told)) and told[0] < 7 and told[-1] > 8, seen.stderr

    again = rantau("show", "small", "--live", cwd=tmp_path)
    assert again.returncode == 2 and "no run named 'small' is running" in again.stderr
