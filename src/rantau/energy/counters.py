"""Counters of electric energy: RAPL, and processor time where nothing can be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Source = Literal["nvml", "rapl", "processor"]
MEASURED: tuple[Source, ...] = ("nvml", "rapl")

# An assumption, not a measurement: the table TDP_cpu.csv of Green Algorithms (Lannelongue et al. 2021) has 12 W
# a core for a processor of any kind (its server processors: 4 to 15 W).
WATTS_PER_CORE = 12.0
POWERCAP = Path("/sys/class/powercap")


@dataclass(slots=True)
class Counter:
    """joules: energy since some fixed moment, never falling; to be asked at least every ten minutes."""

    source: Source
    joules: Callable[[], float]
    close: Callable[[], None] = lambda: None


def processor_counters(root: Path = POWERCAP) -> list[Counter]:
    """RAPL where it can be read, else the estimate from processor time."""
    zones = _rapl_zones(root)
    return [Counter("rapl", Rapl(zones).joules)] if zones else [Counter("processor", estimated_joules)]


def estimated_joules() -> float:
    """12 W for each second of processor time of this process and its children.

    Processes that torchrun started side by side do equal work: they count as many times as there are.
    """
    spent = os.times()
    seconds = spent.user + spent.system + spent.children_user + spent.children_system
    return WATTS_PER_CORE * seconds * local_processes()


def local_processes() -> int:
    """Processes of one torchrun launch on this machine; 1 without a launch."""
    count = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, int(count)) if count.isdigit() else 1


def trains_elsewhere() -> bool:
    """Whether processes of other machines train too; theirs cannot be read here."""
    return os.environ.get("RANTAU_PROCESSES_ELSEWHERE", "0") != "0"


def _rapl_zones(root: Path) -> list[Path]:
    """Packages and their memory. psys holds the packages already; intel-rapl-mmio tells them a second time."""
    zones = []
    for zone in sorted(root.glob("intel-rapl:*")):
        try:
            name = (zone / "name").read_text().strip()
            microjoules(zone)
        except (OSError, ValueError):
            continue  # since 2020 most systems let only root read it
        if name.startswith("package") or name == "dram":
            zones.append(zone)
    return zones


def microjoules(zone: Path, what: str = "energy_uj") -> int:
    return int((zone / what).read_text())


@dataclass(slots=True)
class Rapl:
    """Whole processor packages, whoever used them. The counters start again at max_energy_range_uj."""

    zones: list[Path]
    _last: dict[Path, int] = field(default_factory=dict)
    _sum: float = 0.0

    def joules(self) -> float:
        for zone in self.zones:
            now = microjoules(zone)
            gone = now - self._last.get(zone, now)
            if gone < 0:
                gone += microjoules(zone, "max_energy_range_uj")
            self._sum += gone / 1e6
            self._last[zone] = now
        return self._sum
