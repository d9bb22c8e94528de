"""Counts of this process, for those who watch it."""

from __future__ import annotations

from collections import Counter

counted: Counter[tuple[str, str]] = Counter()
"""(name, cause) -> how often since the process began; the cause is "" where there is only one."""


def count(name: str, cause: str = "", n: int = 1) -> None:
    counted[name, cause] += n
