"""Carbon: what a kilowatt-hour emits in a country, and the sum of Lacoste et al."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

SOURCE = "Ember, Energy Institute, Our World in Data"
WORLD = "WLD"


@dataclass(frozen=True, slots=True)
class Intensity:
    """grams_per_kwh: carbon dioxide equivalents over the life cycle, for electricity generated in the country."""

    country: str
    grams_per_kwh: float
    year: int
    source: str


def intensity_of(country: str | None) -> Intensity | None:
    """The figure of a country (ISO 3166, three letters; WLD = the world); None if it is not in the table."""
    row = _table().get(country or "")
    return Intensity(country or "", row["grams_per_kwh"], row["year"], row.get("source", SOURCE)) if row else None


def known_countries() -> list[str]:
    return sorted(_table())


def emitted_grams(kwh: float, intensity: Intensity) -> float:
    """Grams of carbon dioxide equivalents: power x time x carbon intensity.

    kwh      power x time; what the building adds (cooling, conversion) is not in it: PUE is taken as 1
    Source   Lacoste et al. 2019 (Quantifying the Carbon Emissions of Machine Learning), arXiv 1910.09700
    """
    return kwh * intensity.grams_per_kwh


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    text = (resources.files("rantau.energy") / "carbon.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)
    return table
