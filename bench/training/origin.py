"""Where a measurement comes from: commit, time and machine, kept beside the figures and compared when shown."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.curation import table
from bench.training.sides import OURS

ROOT = Path(__file__).resolve().parents[2]


def origin() -> dict[str, str]:
    """commit: see `commit`; time: UTC, ISO 8601; machine: the line of table.machine, load before the run too."""
    return {
        "commit": commit(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": table.machine("torch"),
    }


def commit(root: Path = ROOT) -> str:
    """Short id of the commit, "+" after it if src/ differs from it; "?" outside a repository."""
    told = _git(root, "rev-parse", "--short", "HEAD")
    if told is None:
        return "?"
    return f"{told}+" if _git(root, "status", "--porcelain", "--", "src") else told


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    except OSError:  # there is no git
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def told(row: Mapping[str, Any]) -> str:
    """One line: at which commit, when and where a side was measured."""
    found = row.get("origin")
    if found is None:
        return f"- {row['side']}: measured before commit and time were kept"
    return f"- {row['side']}: commit {found['commit']}, {found['time']}, {found['machine']}"


def doubts(rows: Sequence[Mapping[str, Any]], now: str) -> list[str]:
    """Why figures may not belong together; none if all are of one machine and rantau's are of the present code.

    now  the present commit
    """
    found = [f"{r['side']}: measured before commit and time were kept" for r in rows if "origin" not in r]
    kept = [(r["side"], r["origin"]) for r in rows if "origin" in r]
    for side, here in kept:
        if side == OURS and (here["commit"] != now or now.endswith("+")):
            changed = "; src/ has changes that no commit has" if now.endswith("+") else ""
            found.append(
                f"{side}: measured at commit {here['commit']} on {here['time']}, the present one is {now}{changed}"
            )
    machines = {hardware(here["machine"]): side for side, here in reversed(kept)}
    if len(machines) > 1:
        found.append("measured on different machines: " + "; ".join(f"{s} {m}" for m, s in machines.items()))
    return found


def hardware(machine: str) -> str:
    """Processor, cores and memory of a machine line, without load and versions."""
    return machine.partition("; ")[0]
