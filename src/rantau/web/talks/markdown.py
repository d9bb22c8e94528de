"""A talk as Markdown. Answers keep their form; nothing in them can load, run or pretend to be another turn.

What people wrote is plain text and is escaped. An answer is quoted line by line, so that its headings stay inside;
its code blocks are fenced anew, so that their ends are known; outside of them no tag, no picture and no address
other than http, https and mailto is left. That holds whatever the reader takes for code: `<` is written `&lt;` in
all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&=:^@/\"'])")
_FENCE = re.compile(r" {0,3}(`{3,}+|~{3,}+)[ \t]*+([\w+#.-]*+)[^`]*+$")  # nothing is given back: linear
_ADDRESS = re.compile(r"\]\((?![ \t]*(?:https?://|mailto:))", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n?|\n")


def plain(text: str) -> str:
    """Text whose every sign stays itself, on one line."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def asked(text: str) -> str:
    """A question: escaped, its line ends kept."""
    lines = [_PUNCTUATION.sub(r"\\\1", line.strip()) for line in _LINE_END.split(text)]
    followed = zip(lines, [*lines[1:], ""], strict=True)
    return "\n".join(f"> {line}\\" if line and after else f"> {line}".rstrip() for line, after in followed)


def answered(text: str) -> str:
    """An answer, quoted."""
    return "\n".join(f"> {line}".rstrip() for line in _tamed(_LINE_END.split(text)))


def _tamed(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence is None:
            yield tamed_line(lines[at])
            at += 1
            continue
        end = _end_of(lines, at, fence[1])
        yield from _fenced(lines[at + 1 : end], fence[2])
        at = end + 1


def _end_of(lines: Sequence[str], begin: int, fence: str) -> int:
    """The line that closes a fence; one after the last where none does."""
    closing = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$")
    return next((n for n in range(begin + 1, len(lines)) if closing.match(lines[n])), len(lines))


def _fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from lines
    yield fence


def tamed_line(line: str) -> str:
    """A line that is no code block, without tags, pictures, odd addresses and definitions of addresses."""
    line = line.replace("<", "&lt;").replace("![", "!\\[").replace("]:", "]\\:")
    return _ADDRESS.sub(r"]\\(", line)
