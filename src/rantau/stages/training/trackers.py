"""Trackers show a training while it goes: TensorBoard, Weights & Biases, Trackio. Nothing they do is a result."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rantau.errors import MachineError

PROJECT = "rantau"
Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tracker is told of a phase before its first step.

    folder      where all trackers of the run put their files
    title       <phase> of which run, for people
    run_id      the same for a phase that is continued
    resumed_at  steps that an earlier process has done
    settings    the phase of the recipe, flat
    """

    folder: Path
    title: str
    run_id: str
    resumed_at: int
    settings: Mapping[str, Any]


class Tracker(Protocol):
    def log(self, step: int, values: Values) -> None: ...

    def close(self) -> None: ...


class TensorBoard:
    """Event files in tensorboard/<title>; steps that a killed run had shown are shown once."""

    def __init__(self, shown: Shown) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        place = shown.folder / "tensorboard" / shown.title
        self._writer: Any = SummaryWriter(
            str(place), purge_step=shown.resumed_at + 1 if shown.resumed_at else None
        )

    def log(self, step: int, values: Values) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"train/{name}", value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class Wandb:
    """A run in wandb/, offline unless WANDB_MODE says otherwise; `wandb sync` sends it later."""

    def __init__(self, shown: Shown) -> None:
        import wandb

        mode: Any = os.environ.get("WANDB_MODE", "offline")
        shown.folder.mkdir(parents=True, exist_ok=True)
        self._run: Any = wandb.init(
            project=PROJECT, name=shown.title, id=shown.run_id, dir=str(shown.folder), mode=mode,
            resume="allow" if mode == "online" else None, config=dict(shown.settings),
            settings=wandb.Settings(silent=True, console="off", disable_git=True, disable_code=True),
        )  # fmt: skip

    def log(self, step: int, values: Values) -> None:
        self._run.log({f"train/{name}": value for name, value in values.items()}, step=step)

    def close(self) -> None:
        self._run.finish()


class Trackio:
    """A local data base in trackio/; nothing leaves this machine."""

    def __init__(self, shown: Shown) -> None:
        place_trackio(shown.folder)
        import trackio

        self._library: Any = trackio
        with redirect_stdout(sys.stderr):  # it talks, and stdout is for results
            trackio.init(
                project=PROJECT, name=shown.title, config=dict(shown.settings), resume="allow", embed=False
            )

    def log(self, step: int, values: Values) -> None:
        self._library.log({f"train/{name}": value for name, value in values.items()}, step=step)

    def close(self) -> None:
        with redirect_stdout(sys.stderr):
            self._library.finish()


def place_trackio(folder: Path) -> None:
    """Its data base goes to <folder>/trackio, unless TRACKIO_DIR says where. It reads that once, when it is
    imported, which accelerate does where it is installed: so this is for the start of a command."""
    os.environ.setdefault("TRACKIO_DIR", str((folder / "trackio").resolve()))


KNOWN: dict[str, Callable[[Shown], Tracker]] = {"tensorboard": TensorBoard, "wandb": Wandb, "trackio": Trackio}
# trackio 0.43 asks for pillow < 13, so it is in no extra: pip then takes an older pillow
INSTALLED_BY = {"tensorboard": "'rantau[trackers]'", "wandb": "'rantau[trackers]'", "trackio": "trackio"}


def check_trackers(names: Sequence[str]) -> None:
    """Raises   MachineError if a tracker's library is not installed"""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise MachineError(
                f"--report-to {name} needs the library {name}, which is not installed. "
                f"Run: pip install {INSTALLED_BY[name]}, or leave it out: all figures are in loss.jsonl."
            )


class Trackers:
    """All trackers of a phase. One that fails is left out from then on, which is said: it is no reason to stop."""

    def __init__(self, shown: Shown, names: Sequence[str], say: Callable[[str], None]) -> None:
        self._say, self._open = say, dict[str, Tracker]()
        for name in names:
            self._guarded(name, lambda n=name: self._open.__setitem__(n, KNOWN[n](shown)))  # type: ignore[misc]

    def log(self, step: int, values: Mapping[str, float | None]) -> None:
        """Values that are missing or no number are not shown."""
        finite = {name: v for name, v in values.items() if v is not None and math.isfinite(v)}
        for name, tracker in list(self._open.items()):
            self._guarded(name, lambda t=tracker: t.log(step, finite))  # type: ignore[misc]

    def close(self) -> None:
        for name, tracker in list(self._open.items()):
            self._guarded(name, tracker.close)

    def _guarded(self, name: str, action: Callable[[], Any]) -> None:
        try:
            action()
        except Exception as error:  # whatever a foreign service raises
            self._open.pop(name, None)
            self._say(f"{name} failed and is left out from here on ({type(error).__name__}: {error}).")


@contextmanager
def trackers(shown: Shown, names: Sequence[str], say: Callable[[str], None]) -> Iterator[Trackers]:
    """Open inside the block, closed at its end, also when the phase fails.

    Raises   MachineError if a tracker's library is not installed
    """
    check_trackers(names)
    opened = Trackers(shown, names, say)
    try:
        yield opened
    finally:
        opened.close()
