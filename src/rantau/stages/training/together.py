"""Several processes train one phase: here, or on the machines of a Ray cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rantau.errors import MachineError
from rantau.run.stage import Context
from rantau.stages.training.launch import RankFunction, Start, on_processes

FLAG = "stop"


def on_ranks(function: RankFunction, payload: Any, ctx: Context, *, title: str) -> Any:
    """function(ranks, machine, payload) on each of ctx.machine.processes; what the one that leads returns.

    Raises   what the function raised; MachineError if a process died, or if the machine cannot run so many
    """
    machine, scratch = ctx.machine, (ctx.out / "checkpoints").resolve()
    if machine.device not in ("cpu", "cuda"):
        raise MachineError(
            f"--processes {machine.processes}: device {machine.device} takes one. Use --processes 1."
        )
    scratch.mkdir(parents=True, exist_ok=True)
    start = Start(function, payload, machine, scratch / FLAG, title)
    if machine.cluster is None:
        return on_processes(start)
    from rantau.stages.training.ray_ranks import on_ray

    return on_ray(start, scratch)


def absolute(ctx: Context) -> Context:
    """The same places by names that hold in any process and on any node."""
    return replace(
        ctx,
        folder=ctx.folder.resolve(),
        inputs={name: Path(path).resolve() for name, path in ctx.inputs.items()},
        out=ctx.out.resolve(),
        people=ctx.people.resolve() if ctx.people else None,
    )
