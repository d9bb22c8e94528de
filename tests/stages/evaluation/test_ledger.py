from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest

from rantau import files
from rantau.run.progress import Bar, Progress
from rantau.stages.evaluation.ledger import Ledger, Row, Tell

WORK = [f"{i:02d}" + "x" * (i * 7 % 5) for i in range(23)]


def ledger(path: Path) -> Ledger[str]:
    return Ledger(path, name_of=str, row_name=lambda row: str(row["name"]), length_of=len, batch_size=4)


def do(batch: list[str]) -> list[Row]:
    return [{"name": w, "company": "+".join(batch)} for w in batch]


def fill(path: Path, done: list[list[str]] | None = None) -> bytes:
    def noted(batch: list[str], tell: Tell) -> list[Row]:
        if done is not None:
            done.append(batch)
        return do(batch)

    rows = ledger(path).fill(WORK, noted, "t", Progress(quiet=True))
    assert [row["name"] for row in rows] == WORK
    return path.read_bytes()


def appended(path: Path) -> bytes:
    """What a run has appended when it is about to end: batch order, not yet the order of the work."""
    for batch in ledger(path).batches(WORK):
        for row in do(batch):
            files.append_jsonl(path, row)
    return path.read_bytes()


def test_batches_hold_all_work_once_and_like_lengths(tmp_path: Path) -> None:
    batches = ledger(tmp_path / "l").batches(WORK)
    assert sorted(w for b in batches for w in b) == sorted(WORK)
    assert batches == ledger(tmp_path / "l").batches(WORK[::-1])
    assert max(len(b) for b in batches) == 4
    assert [len(w) for b in batches for w in b] == sorted(map(len, WORK))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.33, 0.5, 0.77, 0.99, 1.0])
def test_a_killed_run_ends_with_the_same_bytes(tmp_path: Path, share: float) -> None:
    whole = fill(tmp_path / "undisturbed")
    left = appended(tmp_path / "l")
    (tmp_path / "l").write_bytes(left[: int(len(left) * share)])
    assert fill(tmp_path / "l") == whole


def test_only_missing_batches_are_done_and_done_whole(tmp_path: Path) -> None:
    left = appended(tmp_path / "l")
    lines = left.splitlines(keepends=True)
    (tmp_path / "l").write_bytes(b"".join(lines[:9]) + lines[9][:5])  # two whole batches, one row of the third
    done: list[list[str]] = []
    fill(tmp_path / "l", done)
    assert done == ledger(tmp_path / "l").batches(WORK)[2:]


def test_a_finished_file_is_left_as_it_is(tmp_path: Path) -> None:
    whole = fill(tmp_path / "l")
    done: list[list[str]] = []
    assert fill(tmp_path / "l", done) == whole
    assert done == []


def test_rows_of_other_work_are_thrown_away(tmp_path: Path) -> None:
    files.append_jsonl(tmp_path / "l", {"name": "stranger", "company": ""})
    assert b"stranger" not in fill(tmp_path / "l")


def test_the_bar_moves_within_a_batch_and_ends_at_the_whole(tmp_path: Path) -> None:
    heard: list[float] = []

    class Watched(Progress):
        @contextmanager
        def bar(self, title: str, total: float, *, done: float = 0, unit: str = "") -> Iterator[Bar]:
            with super().bar(title, total, done=done, unit=unit) as bar:
                seen.append(bar)
                yield bar

    seen: list[Bar] = []

    def half(batch: list[str], tell: Tell) -> list[Row]:
        tell(0.5)
        heard.append(seen[0].done)
        return do(batch)

    ledger(tmp_path / "l").fill(WORK, half, "t", Watched(quiet=True))
    assert heard == [2, 6, 10, 14, 18, 21.5]
    assert seen[0].done == len(WORK)


def beside(path: Path) -> Ledger[str]:
    return replace(ledger(path), batch_size=1, at_once=4)


def test_batches_beside_one_another_leave_the_same_bytes(tmp_path: Path) -> None:
    alone = replace(beside(tmp_path / "a"), at_once=1)
    for one in (alone, beside(tmp_path / "b")):
        assert [r["name"] for r in one.fill(WORK, lambda b, tell: do(b), "t", Progress(quiet=True))] == WORK
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_when_one_fails_the_others_are_kept_and_no_more_are_begun(tmp_path: Path) -> None:
    begun: list[str] = []
    sixth = beside(tmp_path / "l").batches(WORK)[5]

    def failing(batch: list[str], tell: Tell) -> list[Row]:
        begun.append(batch[0])
        if batch == sixth:
            raise OSError("gone")
        sleep(0.1)
        return do(batch)

    with pytest.raises(OSError, match="gone"):
        beside(tmp_path / "l").fill(WORK, failing, "t", Progress(quiet=True))
    kept = files.read_jsonl(tmp_path / "l")
    assert len(begun) < len(WORK)
    assert len(kept) == len(begun) - 1
    again: list[list[str]] = []

    def noted(batch: list[str], tell: Tell) -> list[Row]:
        again.append(batch)
        return do(batch)

    beside(tmp_path / "l").fill(WORK, noted, "t", Progress(quiet=True))
    assert len(again) == len(WORK) - len(kept)
