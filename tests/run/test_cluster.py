"""Ray: two nodes on this machine, one killed midway; and clusters that are not there."""

from __future__ import annotations

import builtins
import socket
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rantau.errors import DataError, MachineError
from rantau.run import cluster
from rantau.run.engine import map_shards
from rantau.run.progress import Progress
from tests.clusters import needs_ray
from tests.run.toy_shards import Slow, alive, bad_at_three, begun_on, slow_square, square
from tests.waiting import until

QUIET = Progress(quiet=True)


@needs_ray
def test_a_node_killed_midway_changes_nothing(together: tuple[Any, Any], tmp_path: Path) -> None:
    nodes, second = together
    raylet = second.all_processes["raylet"][0].process.pid
    shards = [Slow(n, tmp_path) for n in range(12)]
    here, there, hold = tmp_path / "here", tmp_path / "there", tmp_path / "hold"
    hold.touch()

    def kill_second() -> None:
        """kill -9 of its raylet, when it has finished a shard and is held at the next; its workers die with it."""
        try:
            until((tmp_path / f"held-{raylet}").exists, "a second shard on the second node")
            until(lambda: finished(there) & set(begun_on(raylet, tmp_path)), "the first one's result")
            workers = begun_on(raylet, tmp_path).values()
            nodes.remove_node(second, allow_graceful=False)
            until(lambda: not any(map(alive, workers)), "the end of its workers")
        finally:
            hold.unlink()

    killer = Thread(target=kill_second)
    killer.start()
    found = map_shards(
        slow_square, shards, workers=1, folder=there, progress=QUIET, title="t", cluster=nodes.address
    )
    killer.join()
    attempts = [len((tmp_path / f"{n}.pid").read_text().splitlines()) for n in range(12)]
    assert max(attempts) == 2, "one shard was lost and done again"
    assert found == map_shards(slow_square, shards, workers=2, folder=here, progress=QUIET, title="t")
    assert {p.name: p.read_bytes() for p in here.iterdir()} == {p.name: p.read_bytes() for p in there.iterdir()}


def finished(folder: Path) -> set[int]:
    return {int(p.name[:5]) for p in folder.glob("*.pickle")}


@needs_ray
def test_an_error_on_the_cluster_keeps_its_kind(together: tuple[Any, Any], tmp_path: Path) -> None:
    address = together[0].address
    with pytest.raises(DataError, match=r"^berita.jsonl line 3: too bad\."):
        map_shards(bad_at_three, [1, 2, 3], workers=1, folder=tmp_path, progress=QUIET, title="t", cluster=address)


@needs_ray
def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where nobody listens, and one where somebody listens who is not Ray and never says a word."""
    monkeypatch.setattr(cluster, "CONNECT_S", 4.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        for listening, why in ((False, "refused"), (True, "no answer within 4 s")):
            if listening:
                silent.listen()
            with pytest.raises(MachineError, match=f"{address}: no Ray cluster answers there.*{why}"):
                cluster.refuse_dead(address)


def test_ray_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_ray(name: str, *rest: Any, **named: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_ray)
    with pytest.raises(MachineError, match=r"pip install 'rantau\[ray\]'"):
        map_shards(square, [1, 2], workers=1, folder=tmp_path, progress=QUIET, title="t", cluster="auto")
