"""Sentences of an answer, cut at final marks and at the ends of lines."""

from __future__ import annotations

import re

MARK, CLOSING = "[.!?…。！？]", "[\"'”’»)\\]]"
END = re.compile(rf"(?<={MARK})\s+|(?<={MARK}{CLOSING})\s+|\n+")


def sentences(text: str) -> list[str]:
    """Non-empty sentences in order, without outer spaces. An abbreviation with a point cuts too."""
    return [part.strip() for part in END.split(text) if part.strip()]
