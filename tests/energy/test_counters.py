"""RAPL from a folder made by hand, the estimate from a clock made by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rantau.energy.counters import Rapl, estimated_joules, processor_counters

RANGE = 262_143_328_850


def zone(root: Path, folder: str, name: str, energy: int) -> Path:
    path = root / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / "name").write_text(f"{name}\n")
    (path / "max_energy_range_uj").write_text(f"{RANGE}\n")
    (path / "energy_uj").write_text(f"{energy}\n")
    return path


def test_packages_and_their_memory_are_read_once(tmp_path: Path) -> None:
    for folder, name in (
        ("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "dram"),
        ("intel-rapl:1", "psys"), ("intel-rapl-mmio:0", "package-0"),
    ):  # fmt: skip
        zone(tmp_path, folder, name, 1_000_000)
    (counter,) = processor_counters(tmp_path)
    assert counter.source == "rapl"
    first = counter.joules()
    for folder in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:1", "intel-rapl-mmio:0"):
        (tmp_path / folder / "energy_uj").write_text("6000000")
    assert counter.joules() - first == pytest.approx(10.0)  # 5 J of the package, 5 J of its memory


def test_a_counter_that_starts_again_loses_nothing(tmp_path: Path) -> None:
    path = zone(tmp_path, "intel-rapl:0", "package-0", RANGE - 2_000_000)
    rapl = Rapl([path])
    first = rapl.joules()
    (path / "energy_uj").write_text("3000000")
    assert rapl.joules() - first == pytest.approx(5.0)


def test_without_rapl_the_processor_is_estimated(tmp_path: Path) -> None:
    (counter,) = processor_counters(tmp_path / "nothing")
    assert counter.source == "processor"


@pytest.mark.parametrize(("processes", "joules"), [(None, 12 * 10.0), ("4", 12 * 40.0), ("odd", 12 * 10.0)])
def test_the_estimate_is_12_watts_a_core_second(
    monkeypatch: pytest.MonkeyPatch, processes: str | None, joules: float
) -> None:
    if processes is None:
        monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    else:
        monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    times = os.times_result((6.0, 1.0, 2.5, 0.5, 99.0))
    monkeypatch.setattr(os, "times", lambda: times)
    assert estimated_joules() == pytest.approx(joules)
