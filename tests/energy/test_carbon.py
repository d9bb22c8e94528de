"""Carbon intensities and the sum made of them."""

from __future__ import annotations

import re

import pytest

from rantau.energy import emitted_grams, intensity_of, known_countries


def test_lacostes_sum() -> None:
    """36 hours at 400 W in Indonesia."""
    indonesia = intensity_of("IDN")
    assert indonesia is not None
    assert emitted_grams(0.4 * 36, indonesia) == pytest.approx(14.4 * 676)


def test_each_figure_has_a_year_and_a_source() -> None:
    assert {"IDN", "KOR", "MYS", "SGP", "JPN", "USA", "DEU", "FRA", "WLD"} <= set(known_countries())
    for country in known_countries():
        found = intensity_of(country)
        assert found is not None
        assert re.fullmatch(r"[A-Z]{3}", country)
        assert 20 <= found.grams_per_kwh <= 900
        assert 2020 <= found.year <= 2026
        assert found.source


def test_a_country_without_a_figure_has_none() -> None:
    assert intensity_of("ATA") is None
    assert intensity_of(None) is None
