"""What a training run draws in electricity, and what that electricity emits."""

from rantau.energy.carbon import WORLD, Intensity, emitted_grams, intensity_of, known_countries
from rantau.energy.meter import LEDGER, Energy, Meter, added, recorded
from rantau.energy.nvml import accelerator_names

__all__ = [
    "LEDGER", "WORLD", "Energy", "Intensity", "Meter", "accelerator_names", "added", "emitted_grams",
    "intensity_of", "known_countries", "recorded",
]  # fmt: skip
