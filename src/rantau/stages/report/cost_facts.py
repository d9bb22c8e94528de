"""What the run cost, in a line each: time, energy, carbon, memory."""

from __future__ import annotations

from rantau.energy import WORLD, emitted_grams, intensity_of
from rantau.recipe import Recipe
from rantau.stages.report.card.environment import mass
from rantau.stages.report.running import Running
from rantau.stages.report.wording import Wording


def tiles(recipe: Recipe, running: Running, words: Wording) -> list[tuple[str, str, str]]:
    """(what, figure, note) of the whole run and of its training."""
    whole, training = sum(s.wall_s for s in running.stages), sum(s.wall_s for s in running.speeds)
    energy, nothing = running.energy, words("value.none")
    told = [
        (words("cost.time"), words.duration(whole), words("cost.time_note", training=words.duration(training))),
        (words("cost.memory"), words("cost.gib", n=words.number(max(s.peak_gib for s in running.speeds), 2)),
         words("cost.memory_note")),
    ]  # fmt: skip
    if energy is None:
        return [*told, (words("cost.energy"), nothing, words("energy.none"))]
    how = words(f"energy.{energy.method.replace(' ', '_')}")
    intensity = intensity_of(recipe.report.country) or intensity_of(WORLD)
    assert intensity is not None  # the table has the world
    return [
        *told,
        (words("cost.energy"), words("cost.kwh", n=words.rounded(energy.kwh)), how),
        (words("cost.carbon"), mass(emitted_grams(energy.kwh, intensity), words), words("cost.carbon_note")),
    ]
