"""Progress on stderr: bars with time left for anything longer than a blink, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeVar

T = TypeVar("T")
LINE_EVERY_S = 15.0


class Bar:
    """One running task: call `advance`; `note` shows a figure beside it."""

    def __init__(self, title: str, total: float, stream: TextIO, *, done: float = 0, unit: str = "") -> None:
        self.title, self.total, self.done, self.unit = title, max(total, 1e-9), done, unit
        self._stream, self._tty = stream, stream.isatty()
        self._start, self._at_start, self._last, self._note = time.monotonic(), done, 0.0, ""

    def advance(self, by: float = 1, *, note: str | None = None) -> None:
        self.done += by
        self._note = self._note if note is None else note
        now = time.monotonic()
        if now - self._last >= (0.2 if self._tty else LINE_EVERY_S) and now - self._start > 1.0:
            self._last = now
            self._write(now)

    def finish(self) -> None:
        seconds = time.monotonic() - self._start
        if seconds > 2.0:
            self._put(f"{self.title}: {self.done:,.0f}{self.unit} in {clock(seconds)}  {self._note}", end="\n")
        elif self._tty:
            self._put("")

    def _write(self, now: float) -> None:
        passed, gained = now - self._start, self.done - self._at_start
        left = clock(passed / gained * (self.total - self.done)) if gained > 0 else "?"
        share = min(self.done / self.total, 1.0)
        bar = "#" * round(24 * share) + "." * (24 - round(24 * share))
        text = f"{self.title} [{bar}] {100 * share:3.0f} %  {left} left  {self._note}"
        self._put(text, end="" if self._tty else "\n")

    def _put(self, text: str, *, end: str = "") -> None:
        self._stream.write(f"\r\x1b[2K{text}{end}" if self._tty else f"{text}{end}")
        self._stream.flush()


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


class Progress:
    """Where bars and messages go: a stream, or nowhere when quiet."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream, self.quiet = stream, quiet

    def say(self, text: str) -> None:
        if not self.quiet:
            print(text, file=self._stream or sys.stderr, flush=True)

    @contextmanager
    def bar(self, title: str, total: float, *, done: float = 0, unit: str = "") -> Iterator[Bar]:
        stream = open_nowhere() if self.quiet else self._stream or sys.stderr
        bar = Bar(title, total, stream, done=done, unit=unit)
        yield bar
        bar.finish()

    def track(self, items: Iterable[T], title: str, total: int, *, unit: str = "") -> Iterator[T]:
        with self.bar(title, total, unit=unit) as bar:
            for item in items:
                yield item
                bar.advance()


def open_nowhere() -> TextIO:
    import io

    return io.StringIO()
