"""Where a run happens: device, threads, workers, memory. It changes rounding, and with dropout its draws; nothing
else of what comes out."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rantau.errors import RecipeError

Device = Literal["auto", "cpu", "cuda", "mps"]
Parallel = Literal["ddp", "fsdp"]
TRACKERS = ("tensorboard", "wandb", "trackio")


@dataclass(frozen=True, slots=True)
class Machine:
    """device: torch device type; threads: of one process; workers: processes for shards;
    micro_batch: rows in one forward pass, None = the recipe's batch size;
    cluster: address of a Ray cluster for shards and training ("auto" or host:port), None = this machine alone;
    processes: that train one phase together, of this machine or of the cluster, each on an accelerator of its own;
    parallel: ddp = each of them holds the whole base, fsdp = they share its layers out;
    report_to: trackers that are shown the training: tensorboard, wandb, trackio;
    server: address of an OpenAI-compatible server that answers prompts, None = none;
    served_base, served_adapted: how it calls the base and the adapted model, None = model.base and "adapted"."""

    device: str = "cpu"
    threads: int = 1
    workers: int = 1
    micro_batch: int | None = None
    cluster: str | None = None
    report_to: tuple[str, ...] = ()
    processes: int = 1
    parallel: str = "ddp"
    server: str | None = None
    served_base: str | None = None
    served_adapted: str | None = None


def available_cores() -> int:
    """Cores that this process may use (affinity, not the count of the board)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_gib() -> float:
    """Memory of this machine or its cgroup, whichever is smaller, in GiB."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        sizes.append(int(text))
    return min(sizes) / 2**30


def detect(
    device: Device = "auto",
    *,
    workers: int | None = None,
    micro_batch: int | None = None,
    cluster: str | None = None,
    report_to: Sequence[str] = (),
    processes: int = 1,
    parallel: Parallel = "ddp",
    server: str | None = None,
    served_base: str | None = None,
    served_adapted: str | None = None,
) -> Machine:
    """The machine as it is. No library is asked, and no cluster: that waits until there is work for it."""
    if workers is not None and workers < 1:
        raise RecipeError(f"--workers must be at least 1, got {workers}.")
    if micro_batch is not None and micro_batch < 1:
        raise RecipeError(f"--micro-batch must be at least 1, got {micro_batch}.")
    if cluster is not None and not re.fullmatch(r"auto|[\w.-]+:\d{1,5}", cluster):
        raise RecipeError(
            f"--cluster must be auto or HOST:PORT of a Ray head, got {cluster!r}. Try 127.0.0.1:6379."
        )
    if processes < 1:
        raise RecipeError(f"--processes must be at least 1, got {processes}.")
    if parallel == "fsdp" and processes == 1:
        raise RecipeError("--parallel fsdp shares the base out over several processes. Try --processes 2.")
    unknown = sorted(set(report_to) - set(TRACKERS))
    if unknown:
        raise RecipeError(f"--report-to must be one of {', '.join(TRACKERS)}, got {', '.join(unknown)}.")
    if server is not None and not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", server):
        raise RecipeError(
            f"--server must be the http or https address of a server, without a name or key in it, got "
            f"{re.sub(r'//[^/@]*@', '//...@', server)!r}. Try http://127.0.0.1:8000."
        )
    chosen = _accelerator() if device == "auto" else device
    cores = available_cores()
    return Machine(
        device=chosen,
        threads=cores,
        workers=workers or cores,
        micro_batch=micro_batch,
        cluster=cluster,
        report_to=tuple(dict.fromkeys(report_to)),
        processes=processes,
        parallel=parallel,
        server=server,
        served_base=served_base,
        served_adapted=served_adapted,
    )


def _accelerator() -> str:
    if Path("/proc/driver/nvidia/version").exists():
        return "cuda"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "mps"
    return "cpu"


def describe() -> dict[str, Any]:
    """Facts for a manifest: processor, cores, memory, system."""
    return {
        "processor": _processor(),
        "cores": available_cores(),
        "memory_gib": round(memory_gib(), 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def flops_per_s(size: int = 1024, repeats: int = 3) -> float:
    """Best rate of a float32 matrix product on the processor, in operations per second; takes well under 1 s."""
    import time

    import numpy as np

    matrix = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)
