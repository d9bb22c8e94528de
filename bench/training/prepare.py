"""Everything that the measurement needs, so that it asks no network: rows, model folder, environments.

python -m bench.training.prepare --scratch /tmp/bench/training
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.training import environments, model_folder, rows, settings

AGREE = 1e-4  # nats per token by which two environments may differ in what the untrained model says


def rows_folder(scratch: Path, n: int, seed: int) -> Path:
    return scratch / f"rows-{n}-seed-{seed}"


def environment_variables(scratch: Path) -> dict[str, str]:
    """Of every side: all cores, threads that wait asleep, no network, a cache of its own."""
    cores = str(len(os.sched_getaffinity(0)))
    told = {
        "OMP_NUM_THREADS": cores,
        "MKL_NUM_THREADS": cores,
        "OMP_WAIT_POLICY": "PASSIVE",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(scratch / "hf"),
        "CUDA_VISIBLE_DEVICES": "",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    paths = [str(Path.cwd()), str(Path.cwd() / "src")]
    return {**inherited, **told, "PYTHONPATH": os.pathsep.join(paths)}


def prepare(scratch: Path, data: Path, *, n: int, n_held_out: int, seed: int) -> settings.Settings:
    """Rows and model. Returns what every side is told; settings.json is written last."""
    folder = rows_folder(scratch, n, seed)
    model = model_folder.write_model(scratch / "model")
    chosen = settings.Settings(str(model), str(folder), n_rows=n, n_held_out=n_held_out, seed=seed)
    learnt, held_out = rows.draw(data / "instruct_id", n=n, n_held_out=n_held_out, seed=seed)
    rows.write_forms(chosen, learnt, held_out)
    settings.write(chosen)
    return chosen


def lengths(chosen: settings.Settings) -> str:
    """One line about the rows, counted with rantau's chat code."""
    from bench.training.held_out import encoded

    counted = [len(ids) for ids, _ in encoded(chosen, Path(chosen.rows) / settings.TRAIN)]
    mean = sum(counted) / len(counted)
    return f"{len(counted)} rows, {sum(counted):,} tokens, mean {mean:.0f}, longest {max(counted)}"


def probe(names: Sequence[str], scratch: Path, chosen: settings.Settings) -> dict[str, dict[str, Any]]:
    """What the untrained model says in each environment.

    Raises   SystemExit if two environments read the model or its tokenizer in different ways
    """
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        command = [str(environments.python_of(name, scratch)), "-m", "bench.training.probe", "--rows", chosen.rows]
        out = subprocess.run(
            command, env=environment_variables(scratch), stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        found[name] = json.loads(out.splitlines()[-1])
        print(f"{name}: {found[name]}", flush=True)
    first, *others = found.values()
    if any(o["ids"] != first["ids"] or abs(o["nats"] - first["nats"]) > AGREE for o in others):
        raise SystemExit("the environments do not read the same model: see the lines above")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--scratch", type=Path, required=True, help="Folder for rows, model and environments.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rows", type=int, default=160)
    parser.add_argument("--held-out", type=int, default=40)
    parser.add_argument("--seed", type=int, default=settings.SEED)
    asked = parser.parse_args()
    scratch = asked.scratch.resolve()
    chosen = prepare(scratch, asked.data, n=asked.rows, n_held_out=asked.held_out, seed=asked.seed)
    print(lengths(chosen), flush=True)
    for name in environments.PACKAGES:
        environments.make(name, scratch)
    probe([environments.OWN, *environments.PACKAGES], scratch, chosen)


if __name__ == "__main__":
    main()
