"""Running: seconds, memory, energy and versions, which differ from run to run and are part of no digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rantau.energy import Energy, added


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of one training stage.

    peak_gib      most memory of the device, or of the process on a CPU
    micro_batch   rows in one forward pass; None if it was cut at so many positions, or not recorded
    energy        None if the stage recorded none
    accelerators  names of the devices, empty on a processor
    """

    phase: str
    wall_s: float
    tokens_per_s: float
    peak_gib: float
    device: str
    micro_batch: int | None = None
    energy: Energy | None = None
    accelerators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageRun:
    name: str
    started: str
    wall_s: float


@dataclass(frozen=True, slots=True)
class Running:
    """What differs from machine to machine and from run to run."""

    speeds: tuple[Speed, ...]
    stages: tuple[StageRun, ...]
    packages: Mapping[str, str]
    machine: Mapping[str, str]

    @property
    def energy(self) -> Energy | None:
        """Over all phases; None if one of them recorded none."""
        parts = [s.energy for s in self.speeds if s.energy]
        return added(parts) if len(parts) == len(self.speeds) else None
