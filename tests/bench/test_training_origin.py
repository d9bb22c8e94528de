"""Figures keep where they come from, and those that do not belong together are named."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bench.training import run, settings
from bench.training.origin import commit, doubts, hardware, origin, told
from bench.training.sides import BY_NAME

LINE = "A Processor, 2 cores, 24 GiB; load {} before the run; torch 2.13.0"


def row(side: str, *, at: str = "abc1234", machine: str = LINE.format(0.1)) -> dict[str, Any]:
    return {"side": side, "origin": {"commit": at, "time": "2026-11-21T16:00:00+00:00", "machine": machine}}


def test_one_machine_and_the_present_commit_need_no_word() -> None:
    rows = [row("rantau"), row("trl", at="0000000", machine=LINE.format(1.9))]
    assert doubts(rows, "abc1234") == []
    assert told(rows[0]) == f"- rantau: commit abc1234, 2026-11-21T16:00:00+00:00, {LINE.format(0.1)}"


@pytest.mark.parametrize(
    ("rows", "now", "said"),
    [
        (
            [row("rantau")],
            "def5678",
            "rantau: measured at commit abc1234 on 2026-11-21T16:00:00+00:00, the present",
        ),
        ([row("rantau", at="abc1234+")], "abc1234+", "one is abc1234+; src/ has changes that no commit has"),
        ([row("rantau", at="abc1234+")], "abc1234", "measured at commit abc1234+"),
        ([row("rantau"), {"side": "trl"}], "abc1234", "trl: measured before commit and time were kept"),
        (
            [row("rantau"), row("trl", machine="B, 8 cores, 9 GiB; load 0.1")],
            "abc1234",
            "different machines: trl B, 8 cores, 9 GiB; rantau A Processor, 2 cores, 24 GiB",
        ),
    ],
)
def test_what_does_not_belong_together_is_named(rows: list[dict[str, Any]], now: str, said: str) -> None:
    (found,) = doubts(rows, now)
    assert said in found


def test_a_commit_and_changes_beside_it(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    assert commit(tmp_path) == "?"
    git("init", "-q")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("a = 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "One")
    clean = commit(tmp_path)
    assert len(clean) >= 4 and not clean.endswith("+")
    (tmp_path / "notes.txt").write_text("outside src")
    assert commit(tmp_path) == clean
    (tmp_path / "src" / "b.py").write_text("b = 1\n")
    assert commit(tmp_path) == f"{clean}+"


def test_the_origin_of_a_measurement_now() -> None:
    found = origin()
    assert found["time"].endswith("+00:00") and "torch" in found["machine"]
    assert "cores" in hardware(found["machine"]) and "load" not in hardware(found["machine"])


def test_a_side_without_its_environment_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    chosen = settings.Settings("model", "rows", n_rows=1, n_held_out=1)
    kept = tmp_path / "runs" / chosen.digest / "trl" / "kept.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("from before")
    with pytest.raises(SystemExit, match=r"trl: its environment is not there.*bench\.training\.prepare"):
        run.measured(BY_NAME["trl"], tmp_path, chosen, again=True)
    assert kept.is_file()
