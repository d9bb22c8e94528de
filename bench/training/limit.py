"""What the machine allows: its own rate of the model's matrix products, and how near to it rantau trains.

python -m bench.training.limit --scratch /tmp/bench/training

Takes the sizes of the forward passes from a few profiled steps, measures float32 products of every linear layer at
those sizes (forward, and back to the inputs: frozen weights need no gradient of their own; and the adapter's six),
and compares with the useful tokens/s that `python -m bench.training.run` measured for rantau on the same rows.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

from bench import flops
from bench.curation import table
from bench.training import gemm, origin, settings
from bench.training.prepare import environment_variables, prepare, rows_folder
from bench.training.profile import Profile, profile
from bench.training.run import RESULT
from bench.training.sides import OURS

SIZES = 5  # products are measured at the sizes of so many passes, from the shortest to the longest


def pass_sizes(found: Profile) -> list[tuple[int, int]]:
    """(positions, learnt positions) of typical passes: evenly spaced ones, in order of length."""
    ordered = sorted((rows * width, learnt) for rows, width, learnt in found.passes)
    places = sorted({round(i * (len(ordered) - 1) / max(SIZES - 1, 1)) for i in range(SIZES)})
    return [ordered[place] for place in places]


def rates_at(config: Any, positions: int, learnt: int, rank: int) -> list[gemm.Rate]:
    layers, head = gemm.layers_of(config)
    return [*(gemm.measure(layer, positions, rank=rank) for layer in layers), gemm.measure(head, max(learnt, 1))]


def shape_table(by_size: dict[int, list[gemm.Rate]]) -> list[dict[str, Any]]:
    """GFLOP/s of every layer at the middle size."""
    sizes = list(by_size)
    return [
        {
            "layer": rate.layer.name, "in": rate.layer.n_in, "out": rate.layer.n_out, "layers": rate.layer.count,
            "rows": rate.rows, "forward GFLOP/s": rate.gflops[0], "to the inputs GFLOP/s": rate.gflops[1],
        }
        for rate in by_size[sizes[len(sizes) // 2]]
    ]  # fmt: skip


def limits(
    shape: flops.Shape, by_size: dict[int, list[gemm.Rate]], tokens_per_s: float | None
) -> list[dict[str, Any]]:
    """Tokens/s if nothing but matrix products took time, three ways, and rantau's share of each.

    4 N: N with the head, as if every position had logits, at the rate over all shapes and sizes.
    The other two are what the passes need: logits of the learnt positions alone, without and with the adapter.
    """
    rates = [rate for found in by_size.values() for rate in found]
    gflops = gemm.overall_flops_per_s(rates)
    positions = sum(by_size)
    allowed = {
        "4 N, logits everywhere": gflops / (4 * shape.n),
        "as computed: logits where learnt": positions / gemm.pass_seconds(rates, with_adapter=False),
        "as computed, adapter too": positions / gemm.pass_seconds(rates, with_adapter=True),
    }
    return [
        {
            "limit": name, "GFLOP/s": gflops / 1e9, "tokens/s": rate,
            "rantau tokens/s": tokens_per_s if tokens_per_s else "not measured",
            "share": f"{tokens_per_s / rate:.1%}" if tokens_per_s else "",
        }
        for name, rate in allowed.items()
    ]  # fmt: skip


def measured_rate(scratch: Path, chosen: settings.Settings) -> tuple[float | None, list[str]]:
    """(rantau's useful tokens/s from run.py if it was measured with these settings, why it may not fit today)."""
    file = scratch / "runs" / chosen.digest / OURS / RESULT
    if not file.is_file():
        return None, []
    row = json.loads(file.read_text(encoding="utf-8"))
    today = {"side": "this machine", "origin": origin.origin()}
    return float(row["tokens"]) / float(row["train_s"]), origin.doubts([row, today], origin.commit())


def profiled(scratch: Path, data: Path, n: int, chosen: settings.Settings, config: Any) -> Profile:
    few = prepare(scratch, data, n=n, n_held_out=chosen.n_held_out, seed=chosen.seed)
    out = scratch / "profile"
    shutil.rmtree(out, ignore_errors=True)
    recipe = Path(few.rows) / "recipe.yaml"
    return profile(recipe, out, rank=chosen.rank, vocabulary=config.vocab_size)


def show(shape: flops.Shape, found: Profile, by_size: dict[int, list[gemm.Rate]], rate: float | None) -> list[Any]:
    print(f"N = {shape.n:,} weights a token meets ({shape.head:,} of them the head): {4 * shape.n / 1e6:,.0f} "
          f"MFLOP a token; passes of {', '.join(str(n) for n in by_size)} positions\n")  # fmt: skip
    print(table.markdown(shape_table(by_size)) + "\n")
    limited = limits(shape, by_size, rate)
    print(table.markdown(limited) + "\n")
    print(f"{found.steps} steps under the profiler, {found.wall_s:.1f} s:\n")
    print(table.markdown(found.table()))
    return limited


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--scratch", type=Path, required=True, help="The folder that prepare has filled.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rows", type=int, default=160, help="The rows whose measurement is looked up.")
    parser.add_argument("--seed", type=int, default=settings.SEED)
    parser.add_argument("--profile-rows", type=int, default=24, help="Rows that are trained under the profiler.")
    parser.add_argument("--json", type=Path, help="Add the measurements to this file.")
    asked = parser.parse_args()
    scratch = asked.scratch.resolve()
    os.environ.update(environment_variables(scratch))  # before torch, which reads them when it is imported
    from transformers import AutoConfig

    chosen = settings.read(rows_folder(scratch, asked.rows, asked.seed))
    config = AutoConfig.from_pretrained(chosen.model)
    print(table.machine("torch", "transformers", "peft") + "\n", flush=True)
    found = profiled(scratch, asked.data, asked.profile_rows, chosen, config)
    by_size = {n: rates_at(config, n, learnt, chosen.rank) for n, learnt in pass_sizes(found)}
    shape, (rate, doubts) = flops.shape_of(config), measured_rate(scratch, chosen)
    limited = show(shape, found, by_size, rate)
    for doubt in doubts:
        print(f"\nThe rate that was looked up: {doubt}")
    table.append(asked.json, [*limited, {"profile": found.seconds, "steps": found.steps, "wall_s": found.wall_s}])


if __name__ == "__main__":
    main()
