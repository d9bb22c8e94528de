"""The one seam for work that is spread over processes: shards now, in any number, with the same bytes."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from rantau import files
from rantau.run.progress import Progress

T = TypeVar("T")
R = TypeVar("R")


def map_shards(
    function: Callable[[T], R],
    shards: Sequence[T],
    *,
    workers: int,
    folder: Path,
    progress: Progress,
    title: str,
) -> list[R]:
    """function(shard) for every shard, results in the order of the shards.

    function  a module-level function; its result depends on the shard only
    folder    finished shards are kept here under the hash of what they were made from, so that a killed run
              computes only the missing ones and never takes another's
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = {i: folder / f"{i:05d}-{_hash_of(shard)}.pickle" for i, shard in enumerate(shards)}
    missing = [i for i, path in done.items() if not path.exists()]
    with progress.bar(title, len(shards), done=len(shards) - len(missing)) as bar:
        if workers == 1 or len(missing) <= 1:
            for i in missing:
                _keep(done[i], function(shards[i]))
                bar.advance()
        elif missing:
            context = get_context("spawn")
            with ProcessPoolExecutor(min(workers, len(missing)), context, initializer=_one_thread) as pool:
                futures = {pool.submit(function, shards[i]): i for i in missing}
                for future in as_completed(futures):
                    _keep(done[futures[future]], future.result())
                    bar.advance()
    return [pickle.loads(done[i].read_bytes()) for i in range(len(shards))]


def _one_thread() -> None:
    """A worker is one core: matrix libraries that start a thread for each core would fight for them."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def _hash_of(shard: object) -> str:
    return hashlib.sha256(pickle.dumps(shard)).hexdigest()[:16]


def _keep(path: Path, result: object) -> None:
    with files.atomic(path) as temporary:
        temporary.write_bytes(pickle.dumps(result))
