"""Follows the trainings of a run that another process runs: their rows as they are written."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from rantau.errors import MachineError, SourceError
from rantau.run.now import FILE_NAME, Now, read_now
from rantau.run.progress import LINE_EVERY_S, clock

LOOK_EVERY_S = 0.5
RECENT = 20  # steps whose mean says how long the rest will take
TRAINING = "train-"


@dataclass(frozen=True, slots=True)
class Point:
    """One step as people see it. left_s: seconds until the last step if it goes on as lately;
    held_back_bits_per_byte: of the latest measurement, None before the first."""

    stage: str
    step: int
    steps: int
    loss: float
    learning_rate: float
    tokens_per_s: float
    pad_share: float
    left_s: float
    held_back_bits_per_byte: float | None

    def __str__(self) -> str:
        held = self.held_back_bits_per_byte
        return (
            f"{self.stage} step {self.step:,}/{self.steps:,}  loss {self.loss:.3f}  "
            f"rate {self.learning_rate:.2e}  {self.tokens_per_s:,.0f} tok/s  {self.pad_share:.1%} padding  "
            f"{clock(self.left_s)} left" + (f"  held back {held:.4f} bits/byte" if held is not None else "")
        )


class Screen(Protocol):
    def show(self, point: Point) -> None: ...

    def say(self, text: str) -> None: ...

    def finish(self) -> None: ...


class JsonLines:
    """Every step as one line of JSON; what is said besides goes to stderr."""

    def show(self, point: Point) -> None:
        print(json.dumps(asdict(point)), flush=True)  # noqa: T201

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def finish(self) -> None:
        pass


class PlainLines:
    """A line every `every_s` seconds, and one for the first and the last step."""

    def __init__(self, stream: TextIO | None = None, *, every_s: float = LINE_EVERY_S) -> None:
        self._stream, self._every_s, self._at = stream or sys.stdout, every_s, -every_s
        self._waiting: Point | None = None

    def show(self, point: Point) -> None:
        now = time.monotonic()
        self._waiting = point
        if now - self._at >= self._every_s:
            self._at = now
            self.finish()

    def say(self, text: str) -> None:
        self.finish()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def finish(self) -> None:
        if self._waiting is not None:
            self._stream.write(f"{self._waiting}\n")
            self._stream.flush()
        self._waiting = None


class OneLine:
    """One line of a terminal, written over and over."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream, self._open = stream or sys.stdout, False

    def show(self, point: Point) -> None:
        self._stream.write(f"\r\x1b[2K{point}")
        self._stream.flush()
        self._open = True

    def say(self, text: str) -> None:
        self.finish()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def finish(self) -> None:
        if self._open:
            self._stream.write("\n")
        self._open = False


def live_folder(runs: Path, name: str | None) -> Path:
    """The folder of the named run, or of the one that began a stage last; one that was killed is the last choice.

    Raises   SourceError if nothing is running
    """
    found = [runs / name / FILE_NAME] if name else runs.glob(f"*/{FILE_NAME}")
    running: list[tuple[bool, float, Path]] = []
    for path in found:
        with suppress(FileNotFoundError):  # the run may end while one looks
            running.append((not _is_gone(path), path.stat().st_mtime, path.parent))
    if not running:
        which = f"no run named {name!r} is running" if name else "nothing is running"
        raise SourceError(f"{runs}: {which}. `rantau show` shows the results of runs that are done.")
    return max(running)[-1]


def _is_gone(path: Path) -> bool:
    now = read_now(path.parent)
    return now is not None and now.gone


class Tail:
    """Rows of a .jsonl file that is still written, each of them once."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._file = path, 0, 0

    def rows(self, *, instead: Path) -> Iterator[dict[str, Any]]:
        """What has come since the last call. `instead`: where the file is once its stage is done."""
        for path in (self._path, instead, self._path):  # a folder is renamed, at any moment
            try:
                with path.open("rb") as handle:
                    data, file = handle.read(), os.fstat(handle.fileno()).st_ino
                break
            except FileNotFoundError:
                continue
        else:
            return
        if file != self._file:
            self._file, self._at = file, 0  # a continued run writes the file anew, up to its last checkpoint
        new = data[self._at : data.rfind(b"\n") + 1]
        self._at += len(new)
        yield from (json.loads(line) for line in new.decode().splitlines())


class Training:
    """The rows of one training, put together step by step."""

    def __init__(self, stage: str, part: Path) -> None:
        self._stage, self._part = stage, part
        self._tails = {name: Tail(part / f"{name}.jsonl") for name in ("speed", "loss", "held_back")}
        self._losses: dict[int, dict[str, Any]] = {}
        self._held: list[dict[str, Any]] = []
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._shown = 0

    def points(self) -> Iterator[Point]:
        """Steps that have come since the last call."""
        speeds = list(self._new("speed"))  # written last, so it is read first: each has its loss by now
        self._losses |= {row["step"]: row for row in self._new("loss")}
        self._held += self._new("held_back")
        for speed in speeds:
            # a continued run cuts both files, one after the other: a step without its loss is done once more
            if speed["step"] > self._shown and speed["step"] in self._losses:
                self._shown = speed["step"]
                self._recent.append(speed["tokens"] / speed["tokens_per_s"])
                yield self._point(self._losses.pop(speed["step"]), speed)

    def _point(self, loss: dict[str, Any], speed: dict[str, Any]) -> Point:
        step, steps = speed["step"], speed["steps"]
        held = [row["bits_per_byte"] for row in self._held if row["step"] <= step]
        return Point(
            self._stage, step, steps, loss["loss"], loss["learning_rate"], speed["tokens_per_s"],
            speed["pad_share"], round(sum(self._recent) / len(self._recent) * (steps - step), 3),
            held[-1] if held else None,
        )  # fmt: skip

    def _new(self, name: str) -> Iterator[dict[str, Any]]:
        done = self._part.with_name(self._part.name.removesuffix(".part"))
        return self._tails[name].rows(instead=done / f"{name}.jsonl")


def follow(folder: Path, screen: Screen) -> None:
    """Shows the trainings of a run, one after the other, until the run ends; between them it says what is running.

    Raises   MachineError if the process that runs it is gone; SourceError if the run ends without a training
    """
    try:
        now = _next_training(folder, screen, None)
        while now is not None:
            _follow_stage(folder, now, screen)
            now = _next_training(folder, screen, now)
    finally:
        screen.finish()


def _follow_stage(folder: Path, now: Now, screen: Screen) -> None:
    training = Training(now.stage, folder / now.part)
    here = True
    while here:
        at = read_now(folder)
        here = at is not None and (at.stage, at.part) == (now.stage, now.part)
        for point in training.points():  # after the look at now.json, so that the last steps are shown too
            screen.show(point)
        _refuse_gone(folder, at)
        if here:
            time.sleep(LOOK_EVERY_S)


def _next_training(folder: Path, screen: Screen, done: Now | None) -> Now | None:
    """The training after `done`, or the first one; None if the run has ended and one was seen."""
    told = ""
    while True:
        now = read_now(folder)
        if now is None and done is not None:
            return None
        if now is None:
            raise SourceError(
                f"{folder}: the run has ended, and no training was seen. Try: rantau show {folder.name}"
            )
        _refuse_gone(folder, now)
        if now.stage.startswith(TRAINING) and (done is None or now.part != done.part):
            return now
        if now.stage != told:
            told = now.stage
            screen.say(f"[{now.number}/{now.of}] {now.stage} is running")
        time.sleep(LOOK_EVERY_S)


def _refuse_gone(folder: Path, now: Now | None) -> None:
    """A run that has ended well is gone too, but it has taken its now.json along."""
    if now is not None and now.gone and read_now(folder) == now:
        raise MachineError(
            f"{folder}: process {now.process} is gone while it ran {now.stage}. Run the same command again: it "
            "goes on from what is finished."
        )
