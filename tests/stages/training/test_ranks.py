"""Who takes which rows, what stands in where a rank has none, and what is said when one fails."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import MachineError, ModelError, RecipeError, TrainingError
from rantau.machine import Machine, detect
from rantau.stages.training import launch, parallel
from rantau.stages.training.launch import Death, Start, accelerators, death, told, worst
from rantau.stages.training.loss import batch_of
from rantau.stages.training.ranks import BUCKET, Ranks, _buckets
from rantau.stages.training.rows import read_rows
from rantau.stages.training.sharding import decoder_layers, share_out
from rantau.stages.training.together import on_ranks
from tests.stages.training.harness import context, recipe, train_cpt, write_rows


@given(st.lists(st.integers(), max_size=20), st.integers(1, 7))
def test_each_item_is_that_of_exactly_one_rank(items: list[int], size: int) -> None:
    shares = [Ranks(rank, size).share(items) for rank in range(size)]
    assert sorted(item for share in shares for item in share) == sorted(items)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_the_rows_of_all_ranks_are_the_batch(tmp_path: Path) -> None:
    rows = read_rows(write_rows(tmp_path) / "cpt.parquet")
    numbers = [7, 3, 20, 11, 5]
    whole = batch_of(numbers, rows=rows)
    for size in (1, 2, 3, 6):
        found = [parallel.own_rows(whole, Ranks(rank, size)) for rank in range(size)]
        for rank, own in enumerate(found):
            mine = numbers[rank::size]
            if not mine:
                assert own is None
                continue
            assert own is not None
            wanted = batch_of(mine, rows=rows)
            assert own["input_ids"].tolist() == wanted["input_ids"].tolist()
            assert own["labels"].tolist() == wanted["labels"].tolist()
            assert own["parts"] == wanted["parts"]


def test_a_pair_keeps_its_number(tmp_path: Path) -> None:
    rows = read_rows(write_rows(tmp_path) / "cpt.parquet")
    batch: Any = {**batch_of([4, 9, 2], rows=rows), "numbers": [4, 9, 2]}
    own: Any = parallel.own_rows(batch, Ranks(1, 2))
    assert own["numbers"] == [9]


class Three(Ranks):
    """The first of three ranks, whose others say what they have."""

    def gathered(self, value: Any) -> list[Any]:
        return [value, 4, 1]


def test_in_lockstep_every_rank_has_as_many_passes() -> None:
    assert Three(0, 3, lockstep=True).in_step(["a", "b"], "a") == [
        ("a", True),
        ("b", True),
        ("a", False),
        ("a", False),
    ]
    assert Three(0, 3).in_step(["a", "b"], "a") == [("a", True), ("b", True)]


def test_the_wish_of_one_stops_all() -> None:
    class Two(Ranks):
        def gathered(self, value: Any) -> list[Any]:
            return [value, parallel.Figures(2.0, 30, 0.25, stop=True)]

    ranks = Two(0, 2)
    found = parallel.summed(ranks, parallel.Figures(1.0, 12, 0.5))
    assert (found.loss, found.positions, found.preferred) == (3.0, 42, 0.75)
    assert ranks.stop.is_set() and not ranks.asked.is_set()


def test_a_flag_asks_where_no_signal_comes(tmp_path: Path) -> None:
    ranks = Ranks(1, 2, flag=tmp_path / "stop")
    assert not ranks.is_asked
    (tmp_path / "stop").touch()
    assert ranks.is_asked


def test_gradients_travel_in_buckets_of_one_type() -> None:
    import torch

    sizes = [3, BUCKET - 5, 4, 2 * BUCKET, 1]
    tensors = [torch.empty(n, device="meta") for n in sizes] + [torch.empty(2, device="meta", dtype=torch.float64)]
    found = [[t.numel() for t in bucket] for bucket in _buckets(tensors)]
    assert found == [[3, BUCKET - 5], [4], [2 * BUCKET], [1], [2]]


def test_an_error_that_says_what_to_do_comes_before_a_death_and_a_dead_line() -> None:
    line, gone, own = RuntimeError("Connection closed by peer"), Death("rank 2 was ended"), TrainingError("nan")
    assert worst({0: line, 1: own, 2: gone}) is own
    said = worst({0: line, 2: gone})
    assert isinstance(said, MachineError) and str(said) == "rank 2 was ended"
    assert worst({1: line}) is line


def test_a_death_names_the_rank_and_the_signal(tmp_path: Path) -> None:
    start = Start(print, None, Machine(processes=4), tmp_path / "stop", "Phase sft")
    said = death(2, 77, -signal.SIGKILL, start)
    assert said.startswith("Phase sft: the process of rank 2 of 4 (pid 77) was ended by signal 9 (SIGKILL); most")
    assert "with exit code 1. All others" in death(2, 77, 1, start)


def test_an_error_travels_with_its_traceback() -> None:
    class Odd(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} {b}")

    for error, kind in ((ModelError("no layers"), ModelError), (Odd(1, 2), RuntimeError)):
        found = pickle.loads(pickle.dumps(told(error, 3)))
        assert type(found) is kind and "on rank 3" in "".join([str(found), *getattr(found, "__notes__", [])])


def test_each_process_needs_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-a,7")
    assert accelerators(2) == ("3", "GPU-a")
    with pytest.raises(MachineError, match=r"--processes 4: there are only 3 accelerators here.*--processes 3"):
        accelerators(4)


def test_machines_that_cannot(tmp_path: Path, tiny_base: Path) -> None:
    with pytest.raises(RecipeError, match="--processes must be at least 1, got 0"):
        detect("cpu", processes=0)
    with pytest.raises(RecipeError, match=r"--parallel fsdp shares .* Try --processes 2"):
        detect("cpu", parallel="fsdp")
    machine = detect("cpu", processes=2, parallel="fsdp")
    assert (machine.processes, machine.parallel) == (2, "fsdp")
    asked = recipe(tiny_base)
    with pytest.raises(MachineError, match="--processes 2: device mps takes one"):
        train_cpt(asked, write_rows(tmp_path / "format"), tmp_path / "out", device="mps", processes=2)


def test_what_cannot_be_shared_out(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rantau.model.adapters import attach_adapter
    from rantau.model.load import load_base
    from rantau.stages.training import sharding

    asked = recipe(tiny_base)
    base: Any = load_base(asked.model, Machine())
    assert len(decoder_layers(base)) == 2
    model = attach_adapter(base, asked.adapter, seed=1)
    monkeypatch.setattr(sharding, "quantisation_of", lambda _: "nf4")
    with pytest.raises(
        MachineError, match=r"cannot share out a base in 4 or 8 bits\. Train it with --parallel ddp"
    ):
        share_out(model, size=2, device="cpu")
    base._no_split_modules = None
    with pytest.raises(ModelError, match="LlamaForCausalLM does not name its layers"):
        decoder_layers(base)


def fails(ranks: Ranks, machine: Machine, payload: str) -> None:
    """Rank 1 fails while the other waits for it."""
    if ranks.rank == 1:
        raise TrainingError(payload)
    ranks.wait()


def test_an_error_of_one_rank_ends_all(tmp_path: Path, tiny_base: Path) -> None:
    from rantau.stages.training.stage import train_stage

    asked = recipe(tiny_base)
    ctx = context(asked, train_stage(asked.phases[0], None), {}, tmp_path, processes=2, threads=2)
    with pytest.raises(TrainingError, match="not this way") as caught:
        on_ranks(fails, "not this way", ctx, title="Phase cpt")
    assert any("on rank 1" in note for note in caught.value.__notes__)


def dies(ranks: Ranks, machine: Machine, forked_by: Path) -> None:
    """Rank 1 dies while the process that forked it stands still; the other is ended by who started it."""
    if ranks.rank == 1:
        forked_by.write_text(str(os.getppid()))
        os.kill(os.getppid(), signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


def test_how_a_rank_died_is_waited_for(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line is dead at once, but only the process that forked it can say how it ended."""
    from rantau.stages.training.stage import train_stage

    if launch._beginning().get_start_method() != "forkserver":
        pytest.skip("ranks are started by this process itself")
    join = launch.BaseProcess.join

    def joined(process: launch.BaseProcess, timeout: float | None = None) -> None:
        if timeout != 0:  # who waits sees it go on
            os.kill(int((tmp_path / "forked by").read_text()), signal.SIGCONT)
        join(process, timeout)

    monkeypatch.setattr(launch, "GRACE_S", 0.0)
    monkeypatch.setattr(launch.BaseProcess, "join", joined)
    asked = recipe(tiny_base)
    ctx = context(asked, train_stage(asked.phases[0], None), {}, tmp_path / "out", processes=2, threads=2)
    with pytest.raises(MachineError, match=r"rank 1 of 2 \(pid \d+\) was ended by signal 9 \(SIGKILL\)"):
        on_ranks(dies, tmp_path / "forked by", ctx, title="Phase cpt")
