"""Training rows for the eye: what is learnt, and what is only read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rantau.chat import Tokenizer

LEARNT, UNLEARNT, PLAIN = "\x1b[30;42m", "\x1b[90m", "\x1b[0m"
VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"}
VISIBLE |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def preview(rows: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, *, colour: bool) -> Iterator[str]:
    """Each row as text with a headline, special tokens shown; rows are those of the format stage's parquet.

    Of a row with several texts (packed, or the pair of a preference) each has a headline of its own.
    colour   learnt text on green and the rest grey; without it learnt text stands in ⟦...⟧
    """
    for row in rows:
        n_learnt, parts = sum(row["learnt"]), row.get("parts") or [len(row["ids"])]
        yield f"{row['id']}: {len(row['ids'])} tokens, {n_learnt} learnt"
        start = 0
        for number, n in enumerate(parts, start=1):
            ids, learnt = row["ids"][start : start + n], row["learnt"][start : start + n]
            start += n
            if len(parts) > 1:
                yield f"- {number} of {len(parts)}: {n} tokens, {sum(learnt)} learnt"
            yield _marked(tokenizer, ids, learnt, colour=colour)


def _marked(tokenizer: Tokenizer, ids: Sequence[int], learnt: Sequence[bool], *, colour: bool) -> str:
    runs = groupby(zip(ids, learnt, strict=True), key=lambda pair: bool(pair[1]))
    return "".join(_painted(tokenizer, [i for i, _ in run], flag, colour=colour) for flag, run in runs)


def _painted(tokenizer: Tokenizer, ids: list[int], learnt: bool, *, colour: bool) -> str:
    text = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    text = str(text).translate(VISIBLE)  # a text must not steer the terminal
    if not colour:
        return f"⟦{text}⟧" if learnt else text
    begin = LEARNT if learnt else UNLEARNT
    # A background that runs on past a line break would paint the rest of the line.
    return "\n".join(f"{begin}{line}{PLAIN}" if line else "" for line in text.split("\n"))
