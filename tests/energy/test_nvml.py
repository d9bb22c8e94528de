"""NVML against a library made by hand: what is asked of it, and what is made of its answers."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest

from rantau.energy import accelerator_names, nvml
from rantau.energy.nvml import accelerator_counters, used_devices

NOT_SUPPORTED = 3


class Board:
    """Two devices. energy_mj: None = the board has no energy counter; power_mw likewise"""

    def __init__(self, *, energy_mj: int | None, power_mw: int | None) -> None:
        self.energy_mj, self.power_mw = energy_mj, power_mw
        self.asked: list[Any] = []
        self.open = 0

    def nvmlInit_v2(self) -> int:
        self.open += 1
        return 0

    def nvmlShutdown(self) -> int:
        self.open -= 1
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: ctypes.c_uint, handle: Any) -> int:
        self.asked.append(index.value)
        handle._obj.value = index.value + 1
        return 0 if index.value < 2 else 2

    def nvmlDeviceGetHandleByUUID(self, uuid: ctypes.c_char_p, handle: Any) -> int:
        self.asked.append(uuid.value)
        handle._obj.value = 7
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, device: ctypes.c_void_p, value: Any) -> int:
        return self._answer(self.energy_mj, value)

    def nvmlDeviceGetPowerUsage(self, device: ctypes.c_void_p, value: Any) -> int:
        return self._answer(self.power_mw, value)

    def nvmlDeviceGetName(self, device: ctypes.c_void_p, text: Any, length: ctypes.c_uint) -> int:
        text.value = b"Made Up 9000"
        return 0

    @staticmethod
    def _answer(number: int | None, value: Any) -> int:
        if number is None:
            return NOT_SUPPORTED
        value._obj.value = number
        return 0


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board(energy_mj=5_000_000, power_mw=300_000)
    monkeypatch.setattr(nvml, "_library", lambda: board)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    return board


def test_the_boards_own_counter_is_read_in_joules(board: Board) -> None:
    (counter,) = accelerator_counters()
    assert counter.joules() == pytest.approx(5000.0)
    board.energy_mj = 5_360_000
    assert counter.joules() == pytest.approx(5360.0)
    counter.close()
    assert board.open == 0
    assert board.asked == [0]  # one process uses one device


def test_power_is_summed_by_trapezoids_where_there_is_no_counter(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((10.0, 12.0, 15.0))
    monkeypatch.setattr(nvml, "time", SimpleNamespace(monotonic=lambda: next(clock)))  # other threads have theirs
    board.energy_mj, board.power_mw = None, 100_000
    (counter,) = accelerator_counters()
    assert counter.joules() == 0.0
    board.power_mw = 300_000
    assert counter.joules() == pytest.approx(2 * (100 + 300) / 2)
    assert counter.joules() == pytest.approx(400 + 3 * 300)


def test_a_board_that_tells_nothing_is_no_counter(board: Board) -> None:
    board.energy_mj = board.power_mw = None
    assert accelerator_counters() == []
    assert board.open == 0


def test_without_the_library_there_is_no_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "_library", lambda: None)
    assert accelerator_counters() == []
    assert accelerator_names("cuda") == ()


@pytest.mark.parametrize(
    ("visible", "processes", "names"),
    [(None, None, ["0"]), ("1", None, ["1"]), ("3,5", "2", ["3", "5"]), ("GPU-ab, GPU-cd", None, ["GPU-ab"])],
)
def test_devices_are_those_that_the_processes_see(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, processes: str | None, names: list[str]
) -> None:
    for name, value in (("CUDA_VISIBLE_DEVICES", visible), ("LOCAL_WORLD_SIZE", processes)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert used_devices() == names


def test_devices_are_those_of_all_processes_that_train_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them sees only its own."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    monkeypatch.setenv("RANTAU_ACCELERATORS", "3,5")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert used_devices() == ["3", "5"]


def test_devices_are_found_by_uuid_too(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-ab")
    assert len(accelerator_counters()) == 1
    assert board.asked == [b"GPU-ab"]


def test_names_are_asked_for_on_cuda_only(board: Board) -> None:
    assert accelerator_names("cuda") == ("Made Up 9000",)
    assert accelerator_names("cpu") == ()
    assert board.open == 0
