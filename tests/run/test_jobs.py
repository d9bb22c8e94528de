"""Jobs: order by need, failures that stop only what needs them, the same results on every pool."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import DataError, MachineError
from rantau.run.jobs import Ended, Job, run_jobs
from tests.clusters import needs_ray
from tests.waiting import until

DIAMOND = [
    Job("a", (), {"name": "a"}), Job("b", ("a",), {"name": "b"}), Job("c", ("a",), {"name": "c"}),
    Job("d", ("b", "c"), {"name": "d"}), Job("e", (), {"name": "e"}),
]  # fmt: skip


def work(asked: dict[str, Any]) -> str:
    """Module level, so that workers can import it."""
    if asked["name"] == asked.get("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    if asked["name"] == asked.get("bad"):
        raise DataError("row 3: too bad.")
    if asked["name"] == asked.get("odd"):
        raise KeyError("nobody foresaw it")
    if folder := asked.get("folder"):
        with (Path(folder) / asked["name"]).open("a") as handle:
            handle.write(f"{os.getpid()} {os.environ.get('OMP_NUM_THREADS')}\n")
        until(lambda: len(workers_of(Path(folder))) >= asked.get("beside", 1), "another worker")
    return str(asked["name"]).upper()


def workers_of(folder: Path) -> set[str]:
    """Processes that have written a note here."""
    return {text.split()[0] for path in folder.iterdir() if (text := path.read_text())}


def told(jobs: list[Job], **more: Any) -> dict[str, Ended]:
    return {e.name: e for e in run_jobs(work, jobs, **more)}


def with_all(**more: Any) -> list[Job]:
    return [Job(j.name, j.needs, {**j.payload, **more}) for j in DIAMOND]


@pytest.mark.parametrize("workers", [1, 3])
def test_every_job_once_and_after_what_it_needs(workers: int, tmp_path: Path) -> None:
    given = list(reversed(with_all(folder=str(tmp_path))))
    ended = list(run_jobs(work, given, workers=workers, threads=2))
    order = [e.name for e in ended]
    assert [e.result for e in sorted(ended, key=lambda e: e.name)] == ["A", "B", "C", "D", "E"]
    assert order.index("a") < min(order.index("b"), order.index("c")) and order.index("d") == max(
        map(order.index, "abcd")
    )
    rows = {p.name: p.read_text().split() for p in tmp_path.iterdir()}
    assert {len(row) for row in rows.values()} == {2}
    if workers > 1:
        assert os.getpid() not in {int(row[0]) for row in rows.values()}
        assert {row[1] for row in rows.values()} == {"2"}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("how", "words"), [("bad", "row 3: too bad."), ("odd", "KeyError: 'nobody foresaw it'")])
def test_a_failure_stops_only_what_needs_it(workers: int, how: str, words: str) -> None:
    found = told(with_all(**{how: "b"}), workers=workers)
    assert {n: e.result for n, e in found.items()} == {"a": "A", "b": None, "c": "C", "d": None, "e": "E"}
    assert found["b"].error == words
    assert "in work" in found["b"].detail
    assert found["d"].error == "it needs b, which failed"


def test_a_worker_that_dies_has_failed_one_job() -> None:
    found = told(with_all(killed="b"), workers=2)
    assert {n for n, e in found.items() if e.error} == {"b", "d"}
    assert "by signal 9 (SIGKILL)" in str(found["b"].error) and "--workers 1" in str(found["b"].error)


def test_jobs_that_are_ready_run_side_by_side_in_as_many_processes_as_there_are_workers(tmp_path: Path) -> None:
    jobs = [Job(n, (), {"name": n, "beside": 2, "folder": str(tmp_path)}) for n in "pqrstu"]
    assert set(told(jobs, workers=2)) == set("pqrstu")
    assert len(workers_of(tmp_path)) == 2


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ([Job("a", ("b",), {}), Job("b", ("a",), {})], "need one another.*: a, b"),
        ([Job("a", ("z",), {})], "not there: a"),
        ([Job("a", (), {}), Job("a", (), {})], "two jobs have one name"),
    ],
)
def test_circles_and_unknown_needs_are_refused(jobs: list[Job], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(run_jobs(work, jobs, workers=1))


def test_nothing_to_do() -> None:
    assert list(run_jobs(work, [], workers=2)) == []


@needs_ray
def test_on_a_cluster(together: tuple[Any, Any]) -> None:
    found = told(with_all(bad="c"), workers=1, cluster=together[0].address)
    assert {n: e.result for n, e in found.items()} == {"a": "A", "b": "B", "c": None, "d": None, "e": "E"}
    assert found["c"].error == "row 3: too bad."
    with pytest.raises(MachineError, match="no node has 9 CPU"):
        told(DIAMOND, workers=1, threads=9, cluster=together[0].address)
