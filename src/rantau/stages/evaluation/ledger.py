"""A ledger: rows of finished work, written one by one, so that a killed run asks only for what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

from rantau import files
from rantau.run.progress import Bar, Progress

Work = TypeVar("Work")
Row = Mapping[str, Any]
Tell = Callable[[float], None]  # told the share of a batch that is done, 0 to 1
Do = Callable[[list[Work], Tell], list[Row]]


@dataclass(frozen=True, slots=True)
class Ledger(Generic[Work]):
    """How pieces of work become rows of one file.

    name_of     what a piece is called; unique
    row_name    the same name, read from a row
    length_of   pieces of like length share a batch: less padding
    batch_size  pieces in a batch; part of what comes out, not of the machine: in another company a sum is
                rounded elsewhere, and a tie between two words may fall the other way
    at_once     batches that may be done beside one another, each in a thread
    """

    path: Path
    name_of: Callable[[Work], str]
    row_name: Callable[[Row], str]
    length_of: Callable[[Work], int]
    batch_size: int
    at_once: int = 1

    def batches(self, work: Sequence[Work]) -> list[list[Work]]:
        """Depends on the work only, never on what is done already."""
        ordered = sorted(work, key=lambda w: (self.length_of(w), self.name_of(w)))
        return [ordered[i : i + self.batch_size] for i in range(0, len(ordered), self.batch_size)]

    def fill(self, work: Sequence[Work], do: Do[Work], title: str, progress: Progress) -> list[Row]:
        """The rows of all work, in its order; the file has the same bytes however often the run was killed.

        do  rows of one batch, in its order. A batch of which a row is missing is done again as a whole. With
            several at once, batches that are under way when one fails are waited for and kept.
        """
        rows = self._kept(work)
        left = [b for b in self.batches(work) if any(self.name_of(w) not in rows for w in b)]
        again = {self.name_of(w) for b in left for w in b}
        rows = {name: row for name, row in rows.items() if name not in again}
        files.write_jsonl(self.path, rows.values())
        with progress.bar(title, len(work), done=len(rows)) as bar:
            finished = self._one_by_one(left, do, bar) if self.at_once == 1 else self._beside(left, do, bar)
            for batch, found in finished:
                for piece, row in zip(batch, found, strict=True):
                    files.append_jsonl(self.path, row)
                    rows[self.name_of(piece)] = row
        done = [rows[self.name_of(w)] for w in work]
        files.write_jsonl(self.path, done)
        return done

    def _one_by_one(
        self, left: Sequence[list[Work]], do: Do[Work], bar: Bar
    ) -> Iterator[tuple[list[Work], list[Row]]]:
        for batch in left:
            before = bar.done
            yield batch, do(batch, partial(_tell, bar, before, len(batch)))
            _tell(bar, before, len(batch), 1.0)

    def _beside(
        self, left: Sequence[list[Work]], do: Do[Work], bar: Bar
    ) -> Iterator[tuple[list[Work], list[Row]]]:
        """Batches as they are finished, whichever is first. None waits in a queue, so none has to be cancelled."""
        waiting, failed = iter(left), None
        with ThreadPoolExecutor(self.at_once) as threads:
            running = {threads.submit(do, batch, _nobody): batch for batch in islice(waiting, self.at_once)}
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    batch = running.pop(future)
                    if error := future.exception():
                        failed = failed or error
                        continue
                    if failed is None and (more := next(waiting, None)) is not None:
                        running[threads.submit(do, more, _nobody)] = more
                    yield batch, future.result()
                    bar.advance(len(batch))
        if failed:
            raise failed

    def _kept(self, work: Sequence[Work]) -> dict[str, Row]:
        """Rows that a killed run left; a row of other work (another prompt) is not one."""
        names = {self.name_of(w) for w in work}
        rows = {self.row_name(row): row for row in files.read_appended_jsonl(self.path)}
        return {name: row for name, row in rows.items() if name in names}


def _nobody(share: float) -> None:
    """Batches beside one another move the bar only when they are done."""


def _tell(bar: Bar, before: float, size: int, share: float) -> None:
    bar.advance(before + size * share - bar.done)
