"""The training stage meters itself, and counts what an earlier part of the phase drew."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from rantau import files
from rantau.energy import LEDGER, Energy
from tests.stages.training.harness import recipe, train_cpt, write_rows


def test_a_phase_records_its_energy_and_that_of_its_earlier_parts(tiny_base: Path, tmp_path: Path) -> None:
    earlier = Energy(1.0, 500.0, 7200.0, "measured", {"rapl": 1.0})
    ledger = tmp_path / "out/checkpoints" / LEDGER
    files.write_json(ledger, {"parts": [asdict(earlier)]})
    train_cpt(recipe(tiny_base, epochs=0.4), write_rows(tmp_path / "rows"), tmp_path / "out")
    energy = files.read_json(tmp_path / "out/speed.json")["energy"]
    assert 1.0 < energy["kwh"] < 1.1
    assert energy["seconds"] > 7200
    assert energy["by_source"]["rapl"] >= 1.0
    assert energy["kwh"] == pytest.approx(sum(energy["by_source"].values()))
    assert files.read_json(tmp_path / "out/speed.json")["accelerators"] == []
