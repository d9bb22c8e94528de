"""Tables of the run: stages, versions, machine."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.running import Running
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import Wording


def stages(facts: Facts, running: Running, words: Wording) -> Table:
    times = {s.name: s for s in running.stages}
    rows = (
        (
            Cell(s.name, words("run.version", n=words.integer(s.version))),
            Cell(s.key[:16], code=True),
            Cell(s.digest[:16], code=True),
            words.duration(times[s.name].wall_s),
            times[s.name].started[:16].replace("T", " "),
        )
        for s in facts.stages
    )
    return table_of(words("run.stages"), words("run.stages_columns"), rows, numeric=(3,))


def versions(running: Running, words: Wording) -> Table:
    rows = [(name, Cell(version, code=True)) for name, version in sorted(running.packages.items())]
    return table_of(words("run.versions"), words("columns.versions"), rows)


def machine(running: Running, words: Wording) -> Table:
    """A fact that the words do not know keeps its own name."""
    rows = []
    for name, value in sorted(running.machine.items()):
        key = f"machine.{name}"
        shown = words.local(value) if name == "memory_gib" else value
        rows.append((words(key) if words.has(key) else name.replace("_", " "), shown))
    return table_of(words("run.machine"), words("run.machine_columns"), rows)
