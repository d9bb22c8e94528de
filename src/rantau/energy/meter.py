"""The meter: energy of a block of work, kept in a file so that a killed run loses no more than some seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from rantau import files
from rantau.energy.counters import MEASURED, Counter, processor_counters, trains_elsewhere
from rantau.errors import RantauError

Method = Literal["measured", "partly measured", "estimated", "not recorded"]
LEDGER = "energy.json"
TICK_S = 1.0
LEDGER_EVERY_S = 10.0
JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Energy:
    """kwh        of processor and accelerator; memory sticks, disks, fans and cooling are not in it
    watts      mean over `seconds`
    method     measured by counters of the hardware, estimated from processor time, or partly each
    by_source  nvml, rapl, processor -> kWh
    missing    what drew power and could not be read: accelerator, other machines
    """

    kwh: float
    watts: float
    seconds: float
    method: Method
    by_source: Mapping[str, float]
    missing: tuple[str, ...] = ()


class Meter:
    """Counts while a block runs, in a thread that wakes once a second.

        with Meter("cuda", ledger=out / LEDGER) as meter:
            work()
        print(meter.read().kwh)

    device    torch device type: cuda asks NVML too
    ledger    file of all parts of a work that was stopped and continued; read() is their sum
    counters  instead of those of this machine
    """

    def __init__(
        self, device: str = "cpu", *, ledger: Path | None = None, counters: Sequence[Counter] | None = None
    ) -> None:
        self._device, self._ledger = device, ledger
        self._counters = list(_counters(device) if counters is None else counters)
        self._earlier = _parts(ledger)
        self._began, self._ended, self._kept_at = time.monotonic(), 0.0, 0.0
        self._first: list[float] = []
        self._joules = [0.0] * len(self._counters)
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="energy", daemon=True)
        self._failure: RantauError | None = None

    def __enter__(self) -> Meter:
        self._began = self._kept_at = time.monotonic()
        self._first = [counter.joules() for counter in self._counters]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._ask()
        self._ended = time.monotonic()
        for counter in self._counters:
            counter.close()
        self._keep()
        if self._failure and error is None:
            raise self._failure

    def read(self) -> Energy:
        """This part and the parts before it."""
        return added([*self._earlier, self._part()])

    def _watch(self) -> None:
        while not self._stop.wait(TICK_S):
            self._ask()
            if time.monotonic() - self._kept_at >= LEDGER_EVERY_S:
                self._kept_at = time.monotonic()
                self._keep()

    def _ask(self) -> None:
        with self._lock:
            self._joules = [c.joules() - first for c, first in zip(self._counters, self._first, strict=True)]

    def _keep(self) -> None:
        """A disk that is still full when the block ends is told then, if nothing else has told it before."""
        if self._ledger is not None:
            try:
                files.write_json(self._ledger, {"parts": [asdict(p) for p in (*self._earlier, self._part())]})
                self._failure = None
            except RantauError as error:
                self._failure = error

    def _part(self) -> Energy:
        seconds = (self._ended or time.monotonic()) - self._began
        with self._lock:
            by_source: dict[str, float] = {
                c.source: j / JOULES_PER_KWH for c, j in zip(self._counters, self._joules, strict=True)
            }
        unread = {
            "accelerator": self._device != "cpu" and "nvml" not in by_source,
            "other machines": trains_elsewhere(),
        }
        return _energy(seconds, by_source, tuple(what for what, so in unread.items() if so))


def _counters(device: str) -> list[Counter]:
    if device != "cuda":
        return processor_counters()
    from rantau.energy.nvml import accelerator_counters

    return [*accelerator_counters(), *processor_counters()]


def _energy(seconds: float, by_source: Mapping[str, float], missing: tuple[str, ...]) -> Energy:
    kwh = sum(by_source.values())
    watts = kwh * JOULES_PER_KWH / seconds if seconds > 0 else 0.0
    measured = [source in MEASURED for source in by_source]
    method: Method = (
        "not recorded" if not measured else "measured" if all(measured) else "partly measured"
        if any(measured) else "estimated"
    )  # fmt: skip
    return Energy(kwh, watts, seconds, method, dict(by_source), missing)


def added(parts: Iterable[Energy]) -> Energy:
    """The sum; what could not be read in one part is missing in the whole."""
    seconds, by_source, missing = 0.0, dict[str, float](), dict[str, None]()
    for part in parts:
        seconds += part.seconds
        missing |= dict.fromkeys(part.missing)
        for source, kwh in part.by_source.items():
            by_source[source] = by_source.get(source, 0.0) + kwh
    return _energy(seconds, by_source, tuple(missing))


def recorded(ledger: Path) -> Energy:
    """The sum of the parts in a ledger; nothing, "not recorded", if there is no such file."""
    return added(_parts(ledger))


def _parts(ledger: Path | None) -> list[Energy]:
    if ledger is None or not ledger.is_file():
        return []
    return [Energy(**{**row, "missing": tuple(row["missing"])}) for row in files.read_json(ledger)["parts"]]
