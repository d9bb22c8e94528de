"""Training rows for the eye: what is learnt, and what is only read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from rantau.chat import Tokenizer

LEARNT, UNLEARNT, PLAIN = "\x1b[30;42m", "\x1b[90m", "\x1b[0m"
VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"}
VISIBLE |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def preview(rows: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, *, colour: bool) -> Iterator[str]:
    """Each row as text with a headline, special tokens shown; rows are those of the format stage's parquet.

    colour   learnt text on green and the rest grey; without it learnt text stands in ⟦...⟧
    """
    for row in rows:
        n_learnt = sum(row["learnt"])
        yield f"{row['id']}: {len(row['ids'])} tokens, {n_learnt} learnt"
        runs = groupby(zip(row["ids"], row["learnt"], strict=True), key=lambda pair: bool(pair[1]))
        yield "".join(_painted(tokenizer, [i for i, _ in run], learnt, colour=colour) for learnt, run in runs)


def _painted(tokenizer: Tokenizer, ids: list[int], learnt: bool, *, colour: bool) -> str:
    text = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    text = str(text).translate(VISIBLE)  # a text must not steer the terminal
    if not colour:
        return f"⟦{text}⟧" if learnt else text
    begin = LEARNT if learnt else UNLEARNT
    # A background that runs on past a line break would paint the rest of the line.
    return "\n".join(f"{begin}{line}{PLAIN}" if line else "" for line in text.split("\n"))
