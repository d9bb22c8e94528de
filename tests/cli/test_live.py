"""rantau show --live: follows a training from its files, on a terminal, in lines and as JSON."""

import io
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rantau import files
from rantau.cli import live
from rantau.cli.live import JsonLines, OneLine, PlainLines, Point, follow, live_folder
from rantau.errors import MachineError, SourceError

STEPS = 12
Follow = Callable[["Stage", Iterator[Any], Any], None]


class Stage:
    """What a run leaves on the disk while it trains."""

    def __init__(self, folder: Path, name: str = "train-read") -> None:
        self.run, self.part = folder / "runs" / "small", folder / "store" / name / "abc.part"
        self.name = name
        self.part.mkdir(parents=True, exist_ok=True)
        self.announce(name)

    def announce(self, stage: str, *, process: int | None = None) -> None:
        part = os.path.relpath(self.part if stage == self.name else self.part.parent / "other.part", self.run)
        row = {
            "stage": stage, "part": part, "number": 7, "of": 13, "process": process or os.getpid(),
            "host": socket.gethostname(), "started": "2026-11-21T12:00:00+00:00",
        }  # fmt: skip
        files.write_json(self.run / "now.json", row)

    def step(self, n: int) -> None:
        loss = {"step": n, "epoch": n / 4, "loss": 6 - n / 10, "learning_rate": 1e-4, "grad_norm": 1.0, "learnt_tokens": 90}  # fmt: skip  # noqa: E501
        speed = {
            "step": n,
            "steps": STEPS,
            "tokens": 100,
            "tokens_per_s": 50.0,
            "pad_share": 0.015,
            "peak_gib": 1.0,
        }
        if n % 5 == 0:
            files.append_jsonl(self.part / "held_back.jsonl", {"step": n, "bits_per_byte": n / 2, "gain": True})
        files.append_jsonl(self.part / "loss.jsonl", loss)
        files.append_jsonl(self.part / "speed.jsonl", speed)

    def end(self) -> None:
        self.part.rename(self.part.with_suffix(""))
        (self.run / "now.json").unlink()


class Seen:
    """A screen that keeps what it is shown."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.said: list[str] = []

    def show(self, point: Point) -> None:
        self.points.append(point)

    def say(self, text: str) -> None:
        self.said.append(text)

    def finish(self) -> None:
        pass


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> Follow:
    """Follows; after each look, in the place of the rest before the next one, happens one more of `acts`."""

    def followed(stage: Stage, acts: Iterator[Any], screen: Any) -> None:
        monkeypatch.setattr(live, "time", SimpleNamespace(sleep=lambda _: next(acts)))
        follow(stage.run, screen)

    return followed


def test_every_step_is_seen_once_until_the_stage_ends(tmp_path: Path, followed: Follow) -> None:
    stage, screen = Stage(tmp_path), Seen()

    def acts() -> Iterator[None]:
        for n in range(1, STEPS + 1):
            stage.step(n)
            yield
        stage.end()
        yield

    followed(stage, acts(), screen)
    assert [p.step for p in screen.points] == list(range(1, STEPS + 1))
    assert [p.left_s for p in screen.points] == [2.0 * (STEPS - n) for n in range(1, STEPS + 1)]
    assert [p.held_back_bits_per_byte for p in screen.points] == [None] * 4 + [2.5] * 5 + [5.0] * 3
    assert str(screen.points[8]) == (
        "train-read step 9/12  loss 5.100  rate 1.00e-04  50 tok/s  1.5% padding  0:06 left  "
        "held back 2.5000 bits/byte"
    )


def test_it_goes_from_training_to_training_and_says_what_is_running(tmp_path: Path, followed: Follow) -> None:
    stage, talk, screen = Stage(tmp_path), Stage(tmp_path, "train-talk"), Seen()
    stage.announce("format")

    def acts() -> Iterator[None]:
        yield
        stage.announce("train-read")
        stage.step(1)
        yield
        stage.announce("answer-base")
        yield
        yield
        talk.announce("train-talk")
        talk.step(1)
        yield
        talk.end()
        yield

    followed(stage, acts(), screen)
    assert screen.said == ["[7/13] format is running", "[7/13] answer-base is running"]
    assert [(p.stage, p.step) for p in screen.points] == [("train-read", 1), ("train-talk", 1)]


def test_steps_that_a_continued_run_does_again_are_not_shown_again(tmp_path: Path, followed: Follow) -> None:
    stage, screen = Stage(tmp_path), Seen()

    def acts() -> Iterator[None]:
        for n in range(1, 8):
            stage.step(n)
            yield
        stage.step(8)  # nobody has looked yet
        for name in ("loss", "speed"):
            rows = files.read_jsonl(stage.part / f"{name}.jsonl")
            files.write_jsonl(stage.part / f"{name}.jsonl", rows[:5])
            yield
        for n in range(6, STEPS + 1):
            stage.step(n)
            yield
        stage.end()
        yield

    followed(stage, acts(), screen)
    assert [p.step for p in screen.points] == list(range(1, STEPS + 1))


def test_a_run_that_was_killed_is_told(tmp_path: Path) -> None:
    stage, screen = Stage(tmp_path), Seen()
    stage.step(1)
    stage.announce("train-read", process=2**22 + 1)
    with pytest.raises(MachineError, match=rf"process {2**22 + 1} is gone while it ran train-read"):
        follow(stage.run, screen)


def test_a_run_that_ends_between_two_looks_is_not_told_as_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, screen = Stage(tmp_path), Seen()
    stage.step(1)
    screen.show = lambda point: screen.points.append(point) or stage.end()  # type: ignore[method-assign]
    monkeypatch.setattr(live.Now, "gone", property(lambda _: stage.part.with_suffix("").exists()))
    follow(stage.run, screen)
    assert [p.step for p in screen.points] == [1]


def test_a_run_that_ends_while_one_looks_for_it_is_not_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    monkeypatch.setattr(live, "_is_gone", lambda path: path.unlink())
    with pytest.raises(SourceError, match="nothing is running"):
        live_folder(stage.run.parent, None)


def test_nothing_is_running(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing is running"):
        live_folder(tmp_path / "runs", None)
    stage = Stage(tmp_path)
    with pytest.raises(SourceError, match="no run named 'large' is running"):
        live_folder(tmp_path / "runs", "large")
    assert live_folder(tmp_path / "runs", None) == live_folder(tmp_path / "runs", "small") == stage.run


def point(step: int) -> Point:
    return Point("train-read", step, STEPS, 5.0, 1e-4, 50.0, 0.0, 3.0, None)


def test_a_terminal_has_one_line_that_is_written_over() -> None:
    stream = io.StringIO()
    screen = OneLine(stream)
    for step in (1, 2):
        screen.show(point(step))
    screen.finish()
    assert stream.getvalue() == f"\r\x1b[2K{point(1)}\r\x1b[2K{point(2)}\n"


def test_plain_lines_are_few_and_hold_the_last_step() -> None:
    stream = io.StringIO()
    screen = PlainLines(stream, every_s=60.0)
    for step in range(1, 8):
        screen.show(point(step))
    screen.finish()
    assert stream.getvalue().splitlines() == [str(point(1)), str(point(7))]


def test_json_has_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    screen = JsonLines()
    for step in (1, 2):
        screen.show(point(step))
    screen.say("aside")
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["step"] for row in rows] == [1, 2] and rows[0]["held_back_bits_per_byte"] is None
    assert err == "aside\n"
