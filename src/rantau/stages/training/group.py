"""The process group of ranks: how they find one another, and what each one sees of its machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rantau.machine import Machine
from rantau.stages.training.ranks import Ranks

# A rank that dies is noticed by who started it; this is for one that is there and never answers.
ANSWER_S = 1800
ACCELERATORS = "RANTAU_ACCELERATORS"
# What launchers tell a process: were they left, accelerate would begin a group and wrap the model on its own.
LAUNCHER = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "GROUP_RANK", "NODE_RANK", "ACCELERATE_TORCH_DEVICE")


def backend_of(device: str) -> str:
    """gloo for what lies in the memory of the processor, also where the model is on an accelerator."""
    return "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"


@contextmanager
def met_at(store: Path, ranks: Ranks, machine: Machine) -> Iterator[None]:
    """A group of processes of this machine inside the block.

    store  a file that all of them see and that is not there yet
    """
    import torch.distributed as dist
    from torch._C._distributed_c10d import FileStore

    dist.init_process_group(
        backend_of(machine.device),
        store=FileStore(str(store), ranks.size),
        rank=ranks.rank,
        world_size=ranks.size,
        timeout=timedelta(seconds=ANSWER_S),
    )
    note_neighbours(ranks)
    yield
    dist.destroy_process_group()  # and not after an error: it would wait for those that are still computing


def note_neighbours(ranks: Ranks) -> None:
    """Puts into the environment what the energy meter asks for: the ranks on this machine and their devices."""
    for name in LAUNCHER:
        os.environ.pop(name, None)
    here = socket.gethostname()
    found = ranks.gathered((here, os.environ.get("CUDA_VISIBLE_DEVICES", "")))
    devices = [device for host, device in found if host == here]
    os.environ["LOCAL_WORLD_SIZE"] = str(len(devices))
    os.environ["RANTAU_PROCESSES_ELSEWHERE"] = str(len(found) - len(devices))
    if all(devices):
        os.environ[ACCELERATORS] = ",".join(devices)
