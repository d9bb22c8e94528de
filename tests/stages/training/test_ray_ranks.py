"""Ray Train: two nodes on this machine train together, are stopped, and what they leave goes on anywhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import MachineError
from rantau.machine import Machine
from rantau.stages.training import checkpoints
from rantau.stages.training.ranks import Ranks
from rantau.stages.training.stage import train_stage
from rantau.stages.training.together import on_ranks
from tests.clusters import needs_ray, two_nodes
from tests.stages.training.harness import context, lasting, recipe, train_cpt, write_rows
from tests.stages.training.test_two_processes import at_a_new_checkpoint, stop_this
from tests.stages.training.together import DISTURBED_STEPS, disturbed_recipe

pytestmark = [
    needs_ray,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Ray's own, of its data part
]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    with two_nodes(PYTHONPATH=path) as (nodes, _):
        yield nodes.address


@pytest.mark.timeout(600)
def test_stopped_on_a_cluster_and_ended_here(cluster: str, tiny_base: Path, tmp_path: Path) -> None:
    """SIGTERM keeps a checkpoint, and the bytes in the end are those of two processes here."""
    asked, rows, out = disturbed_recipe(tiny_base), write_rows(tmp_path / "format"), tmp_path / "out"
    words = r"Phase cpt was stopped \(SIGTERM\) after step \d+ of 60"
    with at_a_new_checkpoint(out, stop_this), pytest.raises(MachineError, match=words):
        train_cpt(asked, rows, out, processes=2, cluster=cluster)
    done = checkpoints.step_of(checkpoints.last_whole(out / "checkpoints"))
    assert 5 <= done < DISTURBED_STEPS and len(files.read_jsonl(out / "loss.jsonl")) == done

    train_cpt(asked, rows, out, processes=2)
    train_cpt(asked, rows, tmp_path / "here", processes=2)
    stage = train_stage(asked.phases[0], None)
    assert lasting(out, stage) == lasting(tmp_path / "here", stage)


def ends(ranks: Ranks, machine: Machine, payload: None) -> None:
    """Rank 1 dies while the other waits for it."""
    if ranks.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    ranks.wait()


def test_a_worker_that_dies_is_named(cluster: str, tiny_base: Path, tmp_path: Path) -> None:
    asked = recipe(tiny_base)
    ctx = context(asked, train_stage(asked.phases[0], None), {}, tmp_path, processes=2, cluster=cluster)
    words = r"^Phase cpt: the process of rank [\d, ]*1 of 2 was lost on the cluster \(.*run the same command again"
    with pytest.raises(MachineError, match=words):
        on_ranks(ends, None, ctx, title="Phase cpt")
