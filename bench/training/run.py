"""All sides, one after the other, on an idle machine; what is measured is kept, so the command can be stopped.

python -m bench.training.run --scratch /tmp/bench/training --json /tmp/bench/training.jsonl

Needs `python -m bench.training.prepare` before it, with the same --rows and --seed, and asks no network.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.curation import table
from bench.curation.processes import timed
from bench.training import compare, environments, origin, outcome, settings
from bench.training.prepare import environment_variables, rows_folder
from bench.training.sides import BY_NAME, SIDES, Side

RESULT = "result.json"
BASE = "before-training"


def measured(side: Side, scratch: Path, chosen: settings.Settings, *, again: bool) -> tuple[dict[str, Any], bool]:
    """(row of a side, whether it was measured now): else it is kept from before, with the same settings.

    Raises   SystemExit if the side's environment is not ready, or if it fails
    """
    folder = scratch / "runs" / chosen.digest / side.name
    if (kept := _kept(folder)) is not None and not again:
        return kept, False
    if not environments.is_ready(side.environment, scratch):
        raise SystemExit(
            f"{side.name}: its environment is not there, or not as asked. Run: python -m bench.training.prepare "
            f"--scratch {scratch}"
        )
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(scratch / "hf", ignore_errors=True)  # no side finds its rows tokenised already
    command = [str(environments.python_of(side.environment, scratch)), "-m", side.module, *side.words]
    command += ["--rows", chosen.rows, "--out", str(folder)]
    here = origin.origin()
    print(origin.told({"side": side.name, "origin": here}), flush=True)
    _, process_s, watch = timed(command, environment_variables(scratch), alone=True)
    row = {
        "side": side.name, **asdict(outcome.read(folder)), "process_s": process_s, "peak_gib": watch.peak_gib,
        **evaluated(chosen, scratch, folder / outcome.ADAPTER), "settings": chosen.digest, "rows": chosen.n_rows,
        "origin": here,
    }  # fmt: skip
    _keep(folder, row)
    return row, True


def before_training(scratch: Path, chosen: settings.Settings) -> float:
    folder = scratch / "runs" / chosen.digest / BASE
    if (kept := _kept(folder)) is None:
        kept = evaluated(chosen, scratch, None)
        _keep(folder, kept)
    return float(kept["held_out_loss"])


def evaluated(chosen: settings.Settings, scratch: Path, adapter: Path | None) -> dict[str, Any]:
    """Held-out loss, in a process of its own."""
    command = [sys.executable, "-m", "bench.training.held_out", "--rows", chosen.rows]
    command += ["--adapter", str(adapter)] if adapter else []
    out, _, _ = timed(command, environment_variables(scratch), alone=True)
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def _kept(folder: Path) -> dict[str, Any] | None:
    file = folder / RESULT
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _keep(folder: Path, row: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{RESULT}"
    temporary.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    temporary.rename(folder / RESULT)


def show(rows: Sequence[dict[str, Any]], base_loss: float, chosen: settings.Settings) -> list[str]:
    """Prints the tables for docs/benchmarks.md. Returns what makes the sides incomparable."""
    print("\n" + table.markdown(compare.speeds(rows, base_loss)))
    print("\n" + table.markdown(compare.work(rows)) + "\n")
    print("\n".join(compare.notes(rows, chosen)))
    for row in rows:
        print(f"- {row['side']}: {', '.join(f'{n} {v}' for n, v in row['packages'].items())}; "
              f"{', '.join(f'{n} {s:.1f} s' for n, s in row['other_s'].items())}".rstrip("; "))  # fmt: skip
    print("\n" + "\n".join(map(origin.told, rows)))
    for doubt in origin.doubts(rows, origin.commit()):
        print(f"Not measured together: {doubt}")
    return compare.unexplained(rows, chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--scratch", type=Path, required=True, help="The folder that prepare has filled.")
    parser.add_argument("--rows", type=int, default=160)
    parser.add_argument("--seed", type=int, default=settings.SEED)
    parser.add_argument("--sides", nargs="+", choices=list(BY_NAME), default=[side.name for side in SIDES])
    parser.add_argument("--again", nargs="+", choices=list(BY_NAME), default=[], help="Measure these anew.")
    parser.add_argument("--json", type=Path, help="Add the measurements to this file.")
    asked = parser.parse_args()
    scratch = asked.scratch.resolve()
    chosen = settings.read(rows_folder(scratch, asked.rows, asked.seed))
    print(table.machine("torch", "transformers", "peft"), flush=True)
    base_loss, rows, failed = before_training(scratch, chosen), [], []
    for name in dict.fromkeys([*asked.sides, *asked.again]):
        try:
            row, fresh = measured(BY_NAME[name], scratch, chosen, again=name in asked.again)
        except SystemExit as error:  # the other sides are still worth their time
            failed.append(str(error))
            continue
        rows.append(row)
        print(json.dumps(row), flush=True)
        table.append(asked.json, [row] if fresh else [])
    wrong = [*show(rows, base_loss, chosen), *failed]
    if wrong:
        raise SystemExit("\n".join(["not comparable:", *wrong]))


if __name__ == "__main__":
    main()
