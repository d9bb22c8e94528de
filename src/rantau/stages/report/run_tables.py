"""Tables of the run: stages, versions, machine."""

from __future__ import annotations

from rantau.stages.report import precision
from rantau.stages.report.facts import Facts
from rantau.stages.report.running import Running
from rantau.stages.report.table import Cell, Table, table_of


def stages(facts: Facts, running: Running) -> Table:
    times = {s.name: s for s in running.stages}
    rows = (
        (
            Cell(s.name, f"version {s.version}"),
            s.key[:16],
            s.digest[:16],
            precision.duration(times[s.name].wall_s),
            times[s.name].started[:16].replace("T", " "),
        )
        for s in facts.stages
    )
    return table_of(
        "Stages. Key: hash of what was asked for. Digest: hash of what came out.",
        "stage|key|digest|time|started (UTC)",
        rows,
        numeric=(3,),
    )


def versions(running: Running) -> Table:
    rows = [*sorted(running.packages.items())]
    return table_of("Package versions of the training.", "package|version", rows)


def machine(running: Running) -> Table:
    rows = [(name.replace("_", " "), value) for name, value in sorted(running.machine.items())]
    return table_of("The machine of the training.", "machine|value", rows)
