"""Shards: the same results for any number of workers, and only the missing ones after a kill."""

from pathlib import Path

from rantau.run.engine import map_shards
from rantau.run.progress import Progress

QUIET = Progress(quiet=True)


def square(number: int) -> int:
    return number * number


def test_results_do_not_depend_on_workers(tmp_path: Path) -> None:
    shards = list(range(7))
    one = map_shards(square, shards, workers=1, folder=tmp_path / "1", progress=QUIET, title="t")
    two = map_shards(square, shards, workers=2, folder=tmp_path / "2", progress=QUIET, title="t")
    assert one == two == [n * n for n in shards]


def test_finished_shards_are_not_computed_again(tmp_path: Path) -> None:
    map_shards(square, [1, 2], workers=1, folder=tmp_path, progress=QUIET, title="t")
    calls: list[int] = []

    def remember(number: int) -> int:
        calls.append(number)
        return number * number

    assert map_shards(remember, [1, 2, 3], workers=1, folder=tmp_path, progress=QUIET, title="t") == [1, 4, 9]
    assert calls == [3]


def test_a_shard_of_other_data_is_not_taken(tmp_path: Path) -> None:
    map_shards(square, [1, 2], workers=1, folder=tmp_path, progress=QUIET, title="t")
    assert map_shards(square, [5, 2], workers=1, folder=tmp_path, progress=QUIET, title="t") == [25, 4]
