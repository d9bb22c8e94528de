"""How measurements are told."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from rantau.stats.quantile import quantiles


def spread(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest, in milliseconds; values: in seconds"""
    cuts = quantiles(values, (0.5, 0.95, 0.99, 1.0))
    return {
        name: round(1000 * cut, 1)
        for name, cut in zip(("p50_ms", "p95_ms", "p99_ms", "max_ms"), cuts, strict=True)
    }


def tell(what: str, row: Mapping[str, Any], file: Path | None) -> None:
    whole = {"what": what, **row, "load": round(os.getloadavg()[0], 1), "machine": platform.machine(),
             "cores": os.cpu_count()}  # fmt: skip
    click.echo("  ".join(f"{name} {value}" for name, value in whole.items()))
    if file is not None:
        with file.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(whole) + "\n")
