"""Environment: hardware, time, memory, energy and carbon of the training, and the software that did it."""

from __future__ import annotations

from rantau.energy import WORLD, Energy, Intensity, emitted_grams, intensity_of
from rantau.recipe import Recipe
from rantau.stages.report.facts import Facts
from rantau.stages.report.running import Running
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import ENGLISH, Wording


def device_line(running: Running, words: Wording = ENGLISH) -> str:
    """The hardware in words, as far as it was recorded."""
    machine = running.machine
    names = list(dict.fromkeys(name for s in running.speeds for name in s.accelerators))
    devices = names or sorted({s.device for s in running.speeds})
    parts = [words("environment.device", devices=", ".join(devices))]
    if "processor" in machine:
        parts.append(machine["processor"])
    if "cores" in machine:
        parts.append(words("environment.cores", n=machine["cores"]))
    if "memory_gib" in machine:
        parts.append(words("environment.memory", gib=words.local(machine["memory_gib"])))
    if "system" in machine:
        parts.append(machine["system"])
    return ", ".join(parts)


def cost(running: Running, words: Wording) -> Table:
    """One row a phase and their sum."""
    rows = [
        [
            s.phase,
            words.duration(s.wall_s),
            words.number(s.tokens_per_s, 0),
            words.integer(s.micro_batch) if s.micro_batch else words("value.none"),
            words.number(s.peak_gib, 2),
            words.rounded(s.energy.kwh) if s.energy else words("value.none"),
            words.number(s.energy.watts, 1) if s.energy else words("value.none"),
            words(f"energy.{_key(s.energy)}"),
        ]
        for s in running.speeds
    ]
    if len(rows) > 1:
        rows.append(_total(running, words))
    return table_of(words("cost.caption"), words("columns.cost"), rows, numeric=range(1, 7))


def _total(running: Running, words: Wording) -> list[str]:
    nothing, energy = words("value.none"), running.energy
    return [
        words("data.total"),
        words.duration(sum(s.wall_s for s in running.speeds)),
        nothing,
        nothing,
        words.number(max(s.peak_gib for s in running.speeds), 2),
        words.rounded(energy.kwh) if energy else nothing,
        words.number(energy.watts, 1) if energy else nothing,
        words(f"energy.{_key(energy)}"),
    ]


def _key(energy: Energy | None) -> str:
    return energy.method.replace(" ", "_") if energy else "not_recorded"


def energy_sentences(recipe: Recipe, running: Running, words: Wording) -> list[str]:
    """How the energy was found, what is not in it, and what it emitted."""
    energy = running.energy
    if energy is None:
        return [words("energy.none")]
    told = [words(f"energy.source_{source}") for source in energy.by_source]
    told += [words(f"energy.missing_{what.replace(' ', '_')}") for what in energy.missing]
    told.append(words("energy.scope"))
    return [*told, carbon_sentence(recipe, energy, words)]


def carbon_sentence(recipe: Recipe, energy: Energy, words: Wording = ENGLISH) -> str:
    """Grams by Lacoste et al.; with the world's mean, and a word of it, where the country has no figure."""
    country = recipe.report.country
    intensity, world = intensity_of(country), intensity_of(WORLD)
    why = ""
    if intensity is None:
        why = words("carbon.unknown", country=country) if country else words("carbon.no_country")
    used = intensity or world
    assert used is not None  # the table has the world
    told = _emitted(energy, used, words)
    return f"{why} {told}" if why else told


def _emitted(energy: Energy, intensity: Intensity, words: Wording) -> str:
    return words(
        "carbon.told", mass=mass(emitted_grams(energy.kwh, intensity), words), kwh=words.rounded(energy.kwh),
        grams=words.number(intensity.grams_per_kwh, 0), country=_country(intensity, words),
        year=str(intensity.year), source=intensity.source,
    )  # fmt: skip


def mass(grams: float, words: Wording) -> str:
    if grams >= 1000:
        return words("carbon.kilograms", mass=words.rounded(grams / 1000))
    return words("carbon.grams", mass=words.rounded(grams))


def _country(intensity: Intensity, words: Wording) -> str:
    key = f"countries.{intensity.country}"
    return words(key) if words.has(key) else intensity.country


def versions(running: Running, words: Wording) -> Table:
    rows = [
        [Cell(name, code=True), Cell(version, code=True)] for name, version in sorted(running.packages.items())
    ]
    python = running.machine.get("python")
    if python:
        rows.append([Cell("python", code=True), Cell(python, code=True)])
    return table_of("", words("columns.versions"), rows)


def stages(facts: Facts, words: Wording) -> Table:
    rows = [
        [Cell(s.name, code=True), Cell(s.key[:16], code=True), Cell(s.digest[:16], code=True)]
        for s in facts.stages
    ]
    return table_of("", words("columns.stages"), rows)
