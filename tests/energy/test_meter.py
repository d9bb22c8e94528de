"""The meter against counters whose readings are known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from rantau import files
from rantau.energy import LEDGER, Energy, Meter, added, recorded
from rantau.energy.counters import Counter, Source


def steady(source: Source, *readings: float) -> Counter:
    """A counter that shows these readings, joules, and then the last of them for ever."""
    left = list(readings)
    return Counter(source, lambda: left.pop(0) if len(left) > 1 else left[0])


def test_kwh_are_joules_over_3_6_million() -> None:
    with Meter(counters=[steady("rapl", 1000.0, 7.2e6 + 1000.0)]) as meter:
        pass
    energy = meter.read()
    assert energy.kwh == pytest.approx(2.0)
    assert energy.watts == pytest.approx(7.2e6 / energy.seconds)
    assert energy.method == "measured"
    assert energy.by_source == {"rapl": pytest.approx(2.0)}


@pytest.mark.parametrize(
    ("sources", "device", "method", "missing"),
    [
        (("processor",), "cpu", "estimated", ()),
        (("nvml", "rapl"), "cuda", "measured", ()),
        (("nvml", "processor"), "cuda", "partly measured", ()),
        (("processor",), "cuda", "estimated", ("accelerator",)),
        ((), "cpu", "not recorded", ()),
    ],
)
def test_the_method_says_what_was_read(
    sources: tuple[Source, ...], device: str, method: str, missing: tuple[str, ...]
) -> None:
    with Meter(device, counters=[steady(s, 0.0, 3.6e6) for s in sources]) as meter:
        pass
    energy = meter.read()
    assert (energy.method, energy.missing) == (method, missing)
    assert energy.kwh == pytest.approx(len(sources))


def test_other_machines_are_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANTAU_PROCESSES_ELSEWHERE", "2")
    with Meter(counters=[steady("rapl", 0.0, 3.6e6)]) as meter:
        pass
    assert meter.read().missing == ("other machines",)


def test_parts_of_a_continued_run_are_summed(tmp_path: Path) -> None:
    for joules in (3.6e6, 7.2e6):
        with Meter(ledger=tmp_path / LEDGER, counters=[steady("processor", 0.0, joules)]) as meter:
            pass
    assert meter.read().kwh == pytest.approx(3.0)
    assert recorded(tmp_path / LEDGER).kwh == pytest.approx(3.0)
    assert len(files.read_json(tmp_path / LEDGER)["parts"]) == 2


def test_a_run_that_failed_has_its_energy_in_the_ledger(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        Meter(ledger=tmp_path / LEDGER, counters=[steady("processor", 0.0, 3.6e6)]),
    ):
        _ = 1 / 0
    assert recorded(tmp_path / LEDGER).kwh == pytest.approx(1.0)


def test_the_ledger_is_written_along_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed run writes nothing at its end: what stands in the file then was written by the thread."""
    import time

    monkeypatch.setattr("rantau.energy.meter.TICK_S", 0.001)
    monkeypatch.setattr("rantau.energy.meter.LEDGER_EVERY_S", 0.0)
    with Meter(ledger=tmp_path / LEDGER, counters=[steady("processor", 0.0, 3.6e6)]):
        while not (tmp_path / LEDGER).exists():
            time.sleep(0.001)
        assert recorded(tmp_path / LEDGER).kwh == pytest.approx(1.0)


def test_without_a_ledger_nothing_is_recorded(tmp_path: Path) -> None:
    energy = recorded(tmp_path / LEDGER)
    assert (energy.kwh, energy.method) == (0.0, "not recorded")


def test_a_sum_is_measured_only_if_all_of_it_was() -> None:
    one = Energy(1.0, 100.0, 36_000.0, "measured", {"rapl": 1.0})
    two = Energy(3.0, 300.0, 36_000.0, "estimated", {"processor": 3.0}, ("accelerator",))
    both = added([one, two])
    assert both.kwh == pytest.approx(4.0)
    assert both.watts == pytest.approx(200.0)
    assert both.method == "partly measured"
    assert both.missing == ("accelerator",)
    assert Energy(**asdict(both)) == both


def test_this_machine_has_a_counter_for_its_processor() -> None:
    with Meter() as meter:
        sum(range(200_000))
    energy = meter.read()
    assert energy.method in ("measured", "estimated")
    assert energy.kwh >= 0
    assert set(energy.by_source) <= {"rapl", "processor"}
