"""Tokens/s, memory and MFU of rantau's training on one GPU; no hub, no tokenizer, no network.

python -m bench.gpu.run --scratch /tmp/bench/gpu --json /tmp/bench/gpu.jsonl
python -m bench.gpu.run --scratch /tmp/bench/gpu --cases 8b-lora --peers

Random weights of the published shapes, rows of random tokens without padding, every token learnt. Each case and
side runs in a process of its own; --cases makes a command shorter than ten minutes. The first steps are left out;
tokens/s is the median over blocks of steps with the least and the most beside it. MFU is useful arithmetic over
the datasheet's dense bf16 rate (bench/flops.py); recomputed activations count only in the column after it.
Weights are written once below --scratch (16 GB for 8 B) and removed with --clear.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import flops
from bench.curation import table
from bench.gpu import material, rantau_case, trl_case
from bench.gpu.cases import BY_NAME, CASES, Case, config_of
from bench.gpu.clock import Clock, spread, watch_steps

WARM_UP, STEPS, BLOCKS = 3, 15, 3
SIDES = ("rantau", "trl", "trl-set")
NOTES = {
    "rantau": "adapters in float32; activations recomputed where the case says so",
    "trl": "SFTTrainer at its defaults: activations recomputed; adapters in float32, with nf4 in bf16",
    "trl-set": "the same, activations kept as in the case",
}


def measure(case: Case, side: str, scratch: Path, device: str, *, steps: int = STEPS) -> dict[str, Any]:
    """The row of one case and side, in this process.

    steps  after the warm-up
    """
    model = material.write_model(case, scratch / "models" / Path(case.shape).stem / case.dtype, device)
    rows = material.random_rows(case, WARM_UP + steps)
    out = scratch / "out"
    shutil.rmtree(out, ignore_errors=True)
    clock = watch_steps(device)
    if side == "rantau":
        told = rantau_case.train(case, model, material.write_format(rows, out / "format"), out / side, device)
    else:
        told = trl_case.train(case, model, rows, out / side, device, recompute=_recomputes(case, side))
    return row_of(case, side, clock, told, device_name(device))


def sides_of(case: Case, *, peers: bool) -> tuple[str, ...]:
    """TRL a second time only where the case differs from its defaults."""
    return SIDES[:1] if not peers else SIDES[:2] if case.recompute else SIDES


def _recomputes(case: Case, side: str) -> bool:
    """Activations computed twice: as the case asks, and always at TRL's own defaults."""
    return case.recompute or side == "trl"


def row_of(case: Case, side: str, clock: Clock, told: dict[str, Any], device: str) -> dict[str, Any]:
    median, least, most = spread(clock.seconds(WARM_UP), case.rows * case.seq, BLOCKS)
    shape, recompute = flops.shape_of(config_of(case.shape)), _recomputes(case, side)
    peak = flops.peak_flops(device)
    done = flops.flops_per_token(shape, case.seq)
    again = flops.flops_per_token(shape, case.seq, recompute=recompute)
    return {
        "case": case.name, "side": side, "device": device, "tokens_per_s": median, "least": least, "most": most,
        "allocated_gib": clock.allocated_gib, "reserved_gib": clock.reserved_gib,
        "loading_gib": clock.loading_gib, "mfu": flops.mfu(median, done, peak),
        "with_recompute": flops.mfu(median, again, peak), "recompute": recompute,
        "gflop_per_token": done / 1e9, "micro_batch": told.get("micro_batch", case.micro_batch),
        "steps": len(clock.ends) - WARM_UP, "asked": asdict(case),
    }  # fmt: skip


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """One line of the table, targets beside what was measured."""
    case = BY_NAME.get(row["case"]) or Case(**row["asked"])
    return {
        "case": f"{case.name}: {case.quantisation if case.quantisation != 'none' else case.dtype}, r {case.rank}, "
        f"seq {case.seq:,}",
        "side": row["side"],
        "tokens/s": row["tokens_per_s"],
        "least to most": f"{row['least']:,.0f} to {row['most']:,.0f}",
        "target": f"> {case.least_tokens_per_s:,.0f}" if case.least_tokens_per_s else "",
        "GiB allocated": row["allocated_gib"],
        "GiB reserved": row["reserved_gib"],
        "target GiB": f"<= {case.most_gib:g}" if case.most_gib else "",
        "MFU": _share(row["mfu"]),
        "recomputation counted": _share(row["with_recompute"]),
        "rows a pass": row["micro_batch"],
    }


def _share(value: float | None) -> str:
    return "peak not known" if value is None else f"{value:.1%}"


def device_name(device: str) -> str:
    if device != "cuda":
        return device
    import torch

    return torch.cuda.get_device_name()


def in_own_process(case: Case, side: str, asked: argparse.Namespace) -> dict[str, Any] | None:
    """The row, or None if the case ended badly: the others are still worth their time."""
    command = [sys.executable, "-m", "bench.gpu.run", "--scratch", str(asked.scratch), "--cases", case.name]
    command += ["--device", asked.device, "--steps", str(asked.steps), "--child", side]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"{case.name}, {side}: ended with {done.returncode}", flush=True)
        return None
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--scratch", type=Path, required=True, help="Folder for weights and rows.")
    parser.add_argument("--cases", nargs="+", choices=list(BY_NAME), default=[case.name for case in CASES])
    parser.add_argument("--peers", action="store_true", help="TRL as well, where it is installed, see NOTES.")
    parser.add_argument("--steps", type=int, default=STEPS, help="Optimiser steps after the warm-up.")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--clear", action="store_true", help="Remove a shape's weights when its cases are done.")
    parser.add_argument("--json", type=Path, help="Add the measurements to this file.")
    parser.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.child:
        print(
            json.dumps(
                measure(BY_NAME[asked.cases[0]], asked.child, asked.scratch, asked.device, steps=asked.steps)
            )
        )
        return
    if asked.device == "cuda":
        _need_cuda()
    print(f"{device_name(asked.device)}; {table.machine('torch', 'transformers', 'peft')}\n", flush=True)
    rows = []
    for number, name in enumerate(asked.cases):
        for side in sides_of(BY_NAME[name], peers=asked.peers):
            if (row := in_own_process(BY_NAME[name], side, asked)) is not None:
                rows.append(row)
                table.append(asked.json, [row])
                print(json.dumps(row), flush=True)
        left = {BY_NAME[n].shape for n in asked.cases[number + 1 :]}
        if asked.clear and BY_NAME[name].shape not in left:
            shutil.rmtree(asked.scratch / "models" / BY_NAME[name].shape, ignore_errors=True)
    print("\n" + table.markdown([shown(row) for row in rows]))
    print("".join(f"\n- {side}: {note}" for side, note in NOTES.items() if any(r["side"] == side for r in rows)))
    if len(rows) < sum(len(sides_of(BY_NAME[name], peers=asked.peers)) for name in asked.cases):
        raise SystemExit("not every case was measured: see above")


def _need_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        raise SystemExit(f"torch {torch.__version__} sees no CUDA device. bench/README.md says what this needs.")


if __name__ == "__main__":
    main()
