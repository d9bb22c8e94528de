"""Plain tables and the before/after table of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rantau import files


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Columns padded to their widest cell; the positions in `right` are right-aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def level(confidence: float) -> str:
    """Such as 95 %."""
    return f"{100 * confidence:g} %"


def before_after(compare: Path, *, confidence: float = 0.95) -> str:
    """base | adapted | change with its interval | n, one line a metric; chance and ceiling below."""
    scores = files.read_json(compare / "scores.json")
    found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in scores:
        found.setdefault((row["metric"], row["name"]), {})[row["system"]] = row
    rows = [["", "base", "adapted", f"change ({level(confidence)} interval)", "n"]]
    for (metric, name), by in found.items():
        label = f"{metric.replace('_', ' ')}, {name}" if name else metric.replace("_", " ")
        cells = [_value(by.get(s)) for s in ("base", "adapted")]
        rows.append([label, *cells, _change(by.get("change")), str(_any(by)["n"])])
        marks = [f"{s} {_value(by[s])}" for s in ("chance", "ceiling") if s in by]
        if marks:
            rows.append(["  " + ", ".join(marks), "", "", "", ""])
    return aligned(rows, right=(1, 2, 4))


def _any(by: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return next(iter(by.values()))


def _value(row: Mapping[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return "-"
    if row["unit"] == "share":
        return f"{100 * row['value']:.1f} %"
    return f"{row['value']:.3f}" if abs(row["value"]) < 10 else f"{row['value']:.1f}"


def _change(row: Mapping[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return ""
    if row["unit"] in ("share", "relative"):
        unit = " points" if row["unit"] == "share" else " %"
        return f"{100 * row['value']:+.1f} [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]{unit}"
    return f"{row['value']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"
