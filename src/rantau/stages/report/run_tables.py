"""Tables of the run: proofs of merges, stages, versions, machine."""

from __future__ import annotations

from rantau.stages.report import precision
from rantau.stages.report.facts import Facts
from rantau.stages.report.running import Running
from rantau.stages.report.table import Cell, Table, table_of
from rantau.stages.report.wording import ENGLISH


def proofs(facts: Facts) -> Table | None:
    """Merges that were checked against the adapter before they were kept."""
    rows = [
        (stage, name.replace("_", " "), _recorded(value))
        for stage, proof in facts.proofs.items()
        for name, value in proof.items()
        if value is None or isinstance(value, int | float | str)
    ]
    return (
        table_of("Proof that merged weights say what the adapter says.", "stage|measured|value", rows)
        if rows
        else None
    )


def _recorded(value: float | str | None) -> str:
    if value is None:
        return precision.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else ENGLISH.rounded(value)


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
