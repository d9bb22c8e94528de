"""NVIDIA's management library by ctypes: energy of the accelerators that this run uses."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass, field
from typing import Any

from rantau.energy.counters import Counter, local_processes

LIBRARIES = ("libnvidia-ml.so.1", "libnvidia-ml.so", "nvml.dll")
DONE = 0


def accelerator_counters() -> list[Counter]:
    """One counter over the used devices; none where the driver has no such library or will not tell."""
    library = _library()
    if library is None or library.nvmlInit_v2() != DONE:
        return []
    devices = [device for name in used_devices() if (device := _device(library, name)) is not None]
    reading = Accelerators(library, devices)
    if devices and reading.works():
        return [Counter("nvml", reading.joules, library.nvmlShutdown)]
    library.nvmlShutdown()
    return []


def used_devices() -> list[str]:
    """Numbers or UUIDs of as many visible devices as there are processes, the first ones first.

    NVML counts in the order of the PCI bus, CUDA fastest first: the same on machines with devices of one kind.
    """
    several = os.environ.get("RANTAU_ACCELERATORS")  # of all processes that train together on this machine
    visible = several or os.environ.get("CUDA_VISIBLE_DEVICES")
    named = [name.strip() for name in visible.split(",")] if visible else [str(n) for n in range(64)]
    return named[: local_processes()]


def _library() -> Any:
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _device(library: Any, name: str) -> ctypes.c_void_p | None:
    handle = ctypes.c_void_p()
    if name.isdigit():
        code = library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(name)), ctypes.byref(handle))
    else:
        code = library.nvmlDeviceGetHandleByUUID(ctypes.c_char_p(name.encode()), ctypes.byref(handle))
    return handle if code == DONE else None


@dataclass(slots=True)
class Accelerators:
    """The energy counter of the board (Volta and newer); of older boards power, summed by the trapezoid rule."""

    library: Any
    devices: list[ctypes.c_void_p]
    _last: dict[int, tuple[float, float]] = field(default_factory=dict)
    _sum: dict[int, float] = field(default_factory=dict)

    def works(self) -> bool:
        """True if each device tells its energy or its power."""
        return all(self._energy(d) is not None or self._watts(d) is not None for d in self.devices)

    def joules(self) -> float:
        return sum(self._of(number, device) for number, device in enumerate(self.devices))

    def _of(self, number: int, device: ctypes.c_void_p) -> float:
        energy = self._energy(device)
        return self._integral(number, self._watts(device)) if energy is None else energy

    def _integral(self, number: int, watts: float | None) -> float:
        now, total = time.monotonic(), self._sum.get(number, 0.0)
        if watts is not None:
            at, before = self._last.get(number, (now, watts))
            total += (now - at) * (watts + before) / 2
            self._last[number], self._sum[number] = (now, watts), total
        return total

    def _energy(self, device: ctypes.c_void_p) -> float | None:
        value = ctypes.c_ulonglong()  # millijoules since the driver was loaded
        code = self.library.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(value))
        return value.value / 1e3 if code == DONE else None

    def _watts(self, device: ctypes.c_void_p) -> float | None:
        value = ctypes.c_uint()  # milliwatts
        code = self.library.nvmlDeviceGetPowerUsage(device, ctypes.byref(value))
        return value.value / 1e3 if code == DONE else None


def accelerator_names(device: str) -> tuple[str, ...]:
    """Names of the used devices, such as "NVIDIA H200"; empty on another device type than cuda or without NVML."""
    library = _library() if device == "cuda" else None
    if library is None or library.nvmlInit_v2() != DONE:
        return ()
    names = [_name(library, handle) for name in used_devices() if (handle := _device(library, name)) is not None]
    library.nvmlShutdown()
    return tuple(name for name in names if name)


def _name(library: Any, device: ctypes.c_void_p) -> str:
    text = ctypes.create_string_buffer(96)
    code = library.nvmlDeviceGetName(device, text, ctypes.c_uint(len(text)))
    return text.value.decode(errors="replace") if code == DONE else ""
