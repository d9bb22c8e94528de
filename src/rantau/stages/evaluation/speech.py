"""Speech: the answers of both systems beside the references, item by item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rantau.language import NormalForm, normalise
from rantau.stages.evaluation.asked import Asked

NORMAL_FORM: NormalForm = "NFC"


@dataclass(frozen=True, slots=True)
class Speech:
    """All texts are in one order of items and in one normal form, stripped of outer spaces.

    source    name of the prompts' source
    prompts   the turns of each prompt, without template
    cut       references as far as max_new_tokens tokens reach
    ended_*   1.0 where an answer ended by itself; for references: where they leave room for an end
    settings  of normal form and generation, for signatures
    """

    source: str
    prompts: tuple[str, ...]
    base: tuple[str, ...]
    adapted: tuple[str, ...]
    references: tuple[str, ...]
    cut: tuple[str, ...]
    ended_base: tuple[float, ...]
    ended_adapted: tuple[float, ...]
    ended_references: tuple[float, ...]
    settings: str


def speech_of(base: Asked, adapted: Asked, *, source: str, max_new_tokens: int) -> Speech:
    """The speech of two systems that were asked the same items."""
    return Speech(
        source=source,
        prompts=_plain("\n".join(m["content"] for m in i["prompt_messages"]) for i in base.items),
        base=_plain(a.text for a in base.answers),
        adapted=_plain(a.text for a in adapted.answers),
        references=_plain(i["reference"] for i in base.items),
        cut=_plain(i["reference_cut"] for i in base.items),
        ended_base=tuple(float(a.ended) for a in base.answers),
        ended_adapted=tuple(float(a.ended) for a in adapted.answers),
        # The end token is one of the new tokens: a reference that fills them all could not end.
        ended_references=tuple(float(i["reference_tokens"] < max_new_tokens) for i in base.items),
        settings=f"form:{NORMAL_FORM}|decoding:greedy|max_new_tokens:{max_new_tokens}",
    )


def _plain(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(normalise(text, NORMAL_FORM).strip() for text in texts)
