"""A run that is watched while it trains, and shown to a tracker: the figures are those of its journal."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from rantau import files
from tests.flow.small import command, environment, rantau, write_project
from tests.waiting import until


def looked_on(running: subprocess.Popen[bytes], folder: Path) -> tuple[int, str, str]:
    """What `show --live` tells of a run that stands still and goes on once it is seen: code, figures, words."""
    arguments, said = command("show", "small", "--live", "--json"), folder / "said"
    with (
        said.open("w") as words,
        subprocess.Popen(
            arguments, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=words, text=True
        ) as looking,
    ):
        until(lambda: " is running" in said.read_text() or looking.poll() is not None)
        running.send_signal(signal.SIGCONT)
        seen, _ = looking.communicate()
    return looking.returncode, seen, said.read_text()


@pytest.mark.timeout(600)
def test_a_run_is_followed_from_beside(tiny_base: Path, tmp_path: Path) -> None:
    write_project(tmp_path, tiny_base)
    arguments = command("run", "small.yaml", "--quiet")
    with subprocess.Popen(arguments, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL) as running:
        until((tmp_path / "runs" / "small" / "now.json").exists)
        running.send_signal(signal.SIGSTOP)  # until somebody looks
        try:
            code, seen, words = looked_on(running, tmp_path)
        finally:
            running.send_signal(signal.SIGCONT)
        assert code == 0, words
        assert running.wait() == 0
    shown = [json.loads(line) for line in seen.splitlines()]
    written = [
        (stage, row["step"], row["loss"])
        for stage in ("train-read", "train-talk")
        for row in files.read_jsonl(tmp_path / "runs" / "small" / "stages" / stage / "loss.jsonl")
    ]
    assert [(row["stage"], row["step"], row["loss"]) for row in shown] == written and shown[-1]["left_s"] == 0
    told = [int(n) for n in re.findall(r"^\[(\d+)/13\] \S+ is running$", words, re.MULTILINE)]
    # the first stages may be over before one looks, and the last ones take a moment
    assert told == sorted(set(told)) and told[0] < 7 and told[-1] > 8, words

    again = rantau("show", "small", "--live", cwd=tmp_path)
    assert again.returncode == 2 and "no run named 'small' is running" in again.stderr
