"""Ranks as workers of Ray Train on the machines of a cluster (ray is an extra)."""

from __future__ import annotations

import os
import pickle
import socket
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from rantau import __version__, files
from rantau.errors import MachineError, RantauError
from rantau.run.cluster import connect
from rantau.stages.training.group import ANSWER_S, backend_of, note_neighbours
from rantau.stages.training.interrupt import sigterm_noted
from rantau.stages.training.launch import AGAIN, POLL_S, Start, told, worst

# Each worker sees its own accelerator alone, as processes of one machine do.
OWN_ACCELERATOR = {"TRAIN_ENABLE_SHARE_CUDA_VISIBLE_DEVICES": "0"}


def on_ray(start: Start, folder: Path) -> Any:
    """What the function returns on the rank that leads.

    folder   seen by all nodes at the same path: what the ranks say is written there
    Raises   what the function raised; MachineError if the cluster cannot be used, or a worker died
    """
    assert start.machine.cluster is not None
    connect(start.machine.cluster)
    start.flag.unlink(missing_ok=True)
    for path in folder.glob("rank-*.pickle"):
        path.unlink()
    failure: list[BaseException] = []
    with sigterm_noted() as asked:
        fitting = threading.Thread(target=_fit, args=(start, folder, failure), daemon=True)
        fitting.start()
        while fitting.is_alive():
            if asked.is_set():
                start.flag.touch()
            fitting.join(POLL_S)
    return _result(start, folder, failure)


def _fit(start: Start, folder: Path, failure: list[BaseException]) -> None:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    machine = start.machine
    os.environ.update(OWN_ACCELERATOR)
    given = {"start": pickle.dumps(start), "folder": str(folder), "version": __version__, "cwd": str(Path.cwd())}
    with tempfile.TemporaryDirectory(prefix="rantau-ray-") as storage:
        try:
            TorchTrainer(
                _serve,
                train_loop_config=given,
                scaling_config=ScalingConfig(num_workers=machine.processes, use_gpu=machine.device == "cuda"),
                torch_config=TorchConfig(backend=backend_of(machine.device), timeout_s=ANSWER_S),
                run_config=RunConfig(
                    name="rantau", storage_path=storage, failure_config=FailureConfig(max_failures=0)
                ),
            ).fit()
        except Exception as error:
            failure.append(error)


def _result(start: Start, folder: Path, failure: list[BaseException]) -> Any:
    said = {rank: path for rank in range(start.machine.processes) if (path := _place(folder, rank)).is_file()}
    answers = {rank: pickle.loads(path.read_bytes()) for rank, path in said.items()}
    failures = {rank: value for rank, (good, value) in answers.items() if not good}
    silent = sorted(set(range(start.machine.processes)) - set(answers))
    if silent and not any(isinstance(error, RantauError) for error in failures.values()):
        who = f"rank {', '.join(map(str, silent))} of {start.machine.processes}"
        why = (str(failure[0]) if failure else "").strip().split("\n")[0] or "it does not say why"
        raise MachineError(f"{start.title}: the process of {who} was lost on the cluster ({why}). {AGAIN}") from (
            failure[0] if failure else None
        )
    if failures:
        raise worst(failures)
    return answers[0][1]


def _place(folder: Path, rank: int) -> Path:
    return folder / f"rank-{rank}.pickle"


def _serve(given: dict[str, Any]) -> None:
    """One rank, on a node of the cluster; Ray has begun the group."""
    from ray.train import get_context

    rank, folder = get_context().get_world_rank(), Path(given["folder"])
    _check_node(given, folder)
    os.chdir(given["cwd"])
    start: Start = pickle.loads(given["start"])
    ranks = start.ranks(rank)
    try:
        note_neighbours(ranks)
        machine = replace(start.machine, threads=1)
        answer = (True, start.function(ranks, machine, start.payload))
    except Exception as error:
        answer = (False, told(error, rank))
        raise
    finally:
        with files.atomic(_place(folder, rank)) as temporary:
            temporary.write_bytes(pickle.dumps(answer))


def _check_node(given: dict[str, Any], folder: Path) -> None:
    node = socket.gethostname()
    if given["version"] != __version__:
        raise MachineError(
            f"node {node} has rantau {__version__}, but {given['version']} is running. Install the same."
        )
    for path in (folder, Path(given["cwd"])):
        if not path.is_dir():
            raise MachineError(f"node {node} does not see {path}. Put --store on a disk that all nodes share.")
