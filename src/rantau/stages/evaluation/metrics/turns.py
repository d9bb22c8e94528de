"""Turns: answers that go on after their end, as another speaker or until the token limit."""

from __future__ import annotations

import re

NAMES = (
    "user", "assistant", "system", "human", "bot", "question", "answer", "instruction", "response", "input",
    "output", "pengguna", "asisten", "pertanyaan", "jawaban", "instruksi", "사용자", "질문", "답변", "지시",
)  # fmt: skip
MARKS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|start_header_id|>",
    "<|user|>",
    "<|assistant|>",
    "<start_of_turn>",
    "[INST]",
)
_TURN = re.compile(
    rf"^(?:#+\s*)?(?:{'|'.join(NAMES)})\s*:|^#+\s*(?:{'|'.join(NAMES)})\b|{'|'.join(map(re.escape, MARKS))}",
    re.IGNORECASE | re.MULTILINE,
)


def starts_another_turn(answer: str) -> bool:
    """True if some line after the first begins as a turn does: `User:`, `### Instruction`, <|im_start|>."""
    first_end = answer.find("\n")
    return first_end >= 0 and _TURN.search(answer, first_end + 1) is not None


def runs_on(answer: str, *, ended: bool, room: bool) -> bool:
    """True if the answer starts another turn, or hit the token limit where its reference would have fitted.

    room  True if the reference leaves room for an end within the limit
    """
    return starts_another_turn(answer) or (room and not ended)
