"""Held-out dialogues asked with examples and without: each question's examples are other held-out dialogues."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from rantau.errors import MeasureError
from rantau.files import sha256_text
from rantau.records import Dialogue, Document, Message
from rantau.stages.evaluation.draws import ranked
from rantau.stages.evaluation.prompts.items import answerable

MOST_BYTES = 600  # of a question and its answer together: five of them and the question fit into 2,048 tokens


def short_exchanges(documents: Sequence[Document], *, seed: int) -> dict[str, Dialogue]:
    """Document id -> its last question and answer, of at most MOST_BYTES; each question once, in drawn order."""
    found: dict[str, tuple[str, Dialogue]] = {}
    for document in ranked(documents, seed=seed, name="in_context"):
        if document.dialogue is None or not answerable(document.dialogue):
            continue
        question = next(m.content for m in reversed(document.dialogue.prompt) if m.role == "user")
        turns = (_turn("user", question), _turn("assistant", document.dialogue.answer))
        if 0 < sum(len(m.content.encode()) for m in turns) <= MOST_BYTES and all(m.content for m in turns):
            found.setdefault(turns[0].content, (document.id, Dialogue(turns)))
    return dict(found.values())


def _turn(role: str, content: str) -> Message:
    text = unicodedata.normalize("NFC", content).strip()
    return Message("assistant" if role == "assistant" else "user", text)


def with_examples(exchanges: dict[str, Dialogue], item_id: str, *, shots: int, seed: int) -> Dialogue:
    """The exchange of that id after `shots` others, drawn for it alone, as earlier turns of one dialogue.

    Raises   MeasureError if there are too few others
    """
    others = [other for other in exchanges if other != item_id]
    if len(others) < shots:
        raise MeasureError(
            f"evaluation.in_context: {len(exchanges)} held-out dialogues have a question and an answer of at most "
            f"{MOST_BYTES} bytes together, and {shots} examples need {shots + 1}. Hold out more of the source, "
            "lower shots, or leave source out to ask for lists of letters."
        )
    drawn = sorted(others, key=lambda other: sha256_text(f"{seed}|in_context|{item_id}|{other}"))[:shots]
    turns = [m for other in drawn for m in exchanges[other].messages]
    return Dialogue((*turns, *exchanges[item_id].messages))
