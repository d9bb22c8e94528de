"""Commands that make a run again and show whether the same came out."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.running import Running
from rantau.stages.report.wording import Wording


def commands(facts: Facts, running: Running, words: Wording) -> str:
    """Lines for a shell; each comment says what the line shows."""
    version = running.packages.get("rantau", "")
    lines = [
        ("rantau --version", words("reproduce.version", version=version)),
        (f"rantau plan {facts.name}.yaml", words("reproduce.plan")),
        (f"rantau run {facts.name}.yaml", words("reproduce.run")),
        (f"rantau show {facts.name}", words("reproduce.show")),
        (f"rantau show {facts.name} --verify", words("reproduce.verify")),
    ]
    width = max(len(line) for line, _ in lines)
    return "\n".join(f"{line.ljust(width)}  # {why}" for line, why in lines)
