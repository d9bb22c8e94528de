"""One whole run by the command line: everything arrives, and a second run has nothing to do."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from rantau import files
from tests.flow.small import command, environment, rantau, write_project
from tests.waiting import until


@pytest.fixture(scope="module")
def project(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("whole")
    recipe = write_project(folder, tiny_base)
    result = rantau("run", recipe, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "before" not in result.stderr and "bits per byte, news" in result.stdout
    yield folder


def test_everything_arrives(project: Path) -> None:
    run = project / "runs" / "small"
    for name in (
        "report.html",
        "card.md",
        "bundle/adapter_model.safetensors",
        "merged/model.safetensors",
        "run.json",
    ):
        assert (run / name).is_file(), name


def test_second_run_has_nothing_to_do(project: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in files.files_below(project / "store") if p.name != "lock"}
    result = rantau("run", "small.yaml", cwd=project)
    assert result.returncode == 0
    assert (
        "nothing to do: all 13 stages are unchanged (gather, clean, select, selection, mix, format, train-read"
        in result.stdout
    )
    assert before == {p: p.stat().st_mtime_ns for p in files.files_below(project / "store") if p.name != "lock"}


def test_plan_names_the_changed_field(project: Path) -> None:
    result = rantau("plan", "small.yaml", "--set", "phases.talk.learning_rate=1e-3", "--json", cwd=project)
    assert result.returncode == 0, result.stderr
    stages = {s["stage"]: s for s in json.loads(result.stdout)["stages"]}
    assert stages["train-read"]["kept"] and not stages["train-talk"]["kept"]
    assert "phases.talk.learning_rate 0.0002 -> 0.001" in stages["train-talk"]["reason"]


def test_rows_in_are_rows_kept_and_dropped(project: Path) -> None:
    counts = files.read_json(project / "runs/small/stages/gather/counts.json")
    for source, c in counts.items():
        assert c["rows"] == c["train"] + c["heldout"] + sum(c["dropped"].values()), source
    assert sum(counts["talks"]["dropped"].values()) == 1


def test_show_verifies_and_finds_damage(project: Path) -> None:
    result = rantau("show", "--verify", cwd=project)
    assert result.returncode == 0, result.stderr
    assert "verified: every file of 13 stages" in result.stderr
    loss = project / "runs/small/stages/train-talk/loss.jsonl"
    kept = loss.read_text()
    loss.write_text(kept + "{}\n")
    result = rantau("show", "--verify", cwd=project)
    loss.write_text(kept)
    assert result.returncode == 1 and "train-talk: loss.jsonl: changed" in result.stderr


def test_chat_answers_base_and_adapted_from_a_pipe(project: Path) -> None:
    for flags in ([], ["--base"]):
        arguments = ["chat", *flags, "--temperature", "0", "--max-tokens", "5"]
        result = rantau(*arguments, cwd=project, stdin="Apa kabar?\n/new\nSiapa kamu?\n/quit\n")
        assert result.returncode == 0, result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="makes a pipe small")
def test_ctrl_c_stops_an_answer_and_not_the_program(project: Path) -> None:
    """The answer goes into a pipe with room for its first bytes only, so that it cannot be over too soon."""
    sampling = ["--temperature", "1.5", "--top-k", "0", "--top-p", "1", "--max-tokens", "400", "--seed", "1"]
    there, here = nearly_full_pipe(room=64)
    full = lies_in(there)
    pipes = {"stdin": subprocess.PIPE, "stdout": here, "stderr": subprocess.PIPE}
    with (
        os.fdopen(there, "rb") as answers,
        subprocess.Popen(command("chat", *sampling), cwd=project, env=environment(), **pipes) as talk,
    ):
        os.close(here)
        assert talk.stdin and talk.stderr
        talk.stdin.write(b"Apa kabar?\n")
        talk.stdin.flush()
        until(lambda: lies_in(there) > full or talk.poll() is not None)
        talk.send_signal(signal.SIGINT)
        talk.stdin.write(b"Siapa kamu?\n/quit\n")
        talk.stdin.close()
        answers.read()
        said = talk.stderr.read()
    assert talk.returncode == 0, said
    assert said.count(b"(stopped)") == 1, said


def nearly_full_pipe(room: int) -> tuple[int, int]:
    """(end to read, end to write) of a pipe that takes no more than so many bytes until somebody reads."""
    there, here = os.pipe()
    os.write(here, b" " * (fcntl.fcntl(here, fcntl.F_SETPIPE_SZ, 4096) - room))
    return there, here


def lies_in(pipe: int) -> int:
    """Bytes that nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_preview_marks_what_is_learnt(project: Path) -> None:
    result = rantau("data", "preview", "--phase", "talk", "-n", "1", "--no-colour", cwd=project)
    assert result.returncode == 0, result.stderr
    learnt = result.stdout.partition("⟦")[2].partition("⟧")[0]
    answers = {row["completion"] for row in files.read_jsonl(project / "talks.jsonl")}
    assert any(answer and learnt.startswith(answer) for answer in answers), result.stdout


def test_export_copies_the_bundle(project: Path, tmp_path: Path) -> None:
    result = rantau("export", "small", "--to", tmp_path / "bundle", cwd=project)
    assert result.returncode == 0 and (tmp_path / "bundle" / "adapter_config.json").is_file()
    result = rantau("export", "small", "--to", tmp_path / "bundle", cwd=project)
    assert result.returncode == 2 and "exists already" in result.stderr
