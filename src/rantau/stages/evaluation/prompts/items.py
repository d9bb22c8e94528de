"""Items: held-out prompts with their reference answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rantau import files
from rantau.errors import DataError, MeasureError
from rantau.records import Dialogue, Document, Dropped, Item, Message
from rantau.stages.evaluation.draws import draw_evenly, ranked

Render = Callable[[Sequence[Message]], tuple[str, list[int]]]
Cut = Callable[[str], "Kept"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What an answer of limited length could hold of a reference.

    n_tokens  tokens of the whole reference, without end token
    text      the reference as far as max_new_tokens tokens reach: what a perfect system could say
    cuts      "<n>" -> the reference as far as n tokens reach, for every n that a metric sees instead
    """

    n_tokens: int
    text: str
    cuts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AskedItem:
    """An item as both systems see it.

    prompt_ids  token ids of item.prompt
    messages    the turns of the prompt, without template
    """

    item: Item
    prompt_ids: tuple[int, ...]
    messages: tuple[Message, ...]
    reference: Kept

    def to_row(self) -> dict[str, Any]:
        """A row of items.jsonl: the fields of Item, prompt_messages, reference_tokens, reference_cut, and
        reference_cuts if a metric sees less than the whole answer."""
        row = {
            **asdict(self.item),
            "prompt_messages": [asdict(m) for m in self.messages],
            "reference_tokens": self.reference.n_tokens,
            "reference_cut": self.reference.text,
        }
        return row | ({"reference_cuts": dict(self.reference.cuts)} if self.reference.cuts else {})


def draw_dialogues(documents: Sequence[Document], n: int, *, seed: int) -> list[Document]:
    """At most n held-out dialogues that end in an answer, even over subset_name, each prompt once, by id."""
    first: dict[tuple[Message, ...], Document] = {}
    for document in ranked(documents, seed=seed, name="prompts"):
        if document.dialogue and answerable(document.dialogue):
            first.setdefault(document.dialogue.prompt, document)
    return draw_evenly(list(first.values()), n, seed=seed, name="prompts")


def answerable(dialogue: Dialogue) -> bool:
    """True if the last answer is not empty and a user asked for it."""
    if all(m.role != "assistant" for m in dialogue.messages):
        return False
    return any(m.role == "user" for m in dialogue.prompt) and bool(dialogue.answer.strip())


def make_items(documents: Sequence[Document], render: Render, cut: Cut) -> tuple[list[AskedItem], list[Dropped]]:
    """The items of drawn dialogues, and those that the chat template refuses, with its words as the reason.

    render   messages of the prompt -> prompt text and its token ids; DataError if it refuses
    cut      reference -> the part of it that an answer could hold
    Raises   MeasureError if fewer than 2 items are left
    """
    items: list[AskedItem] = []
    dropped: list[Dropped] = []
    for document in documents:
        try:
            items.append(_item(document, render, cut))
        except DataError as error:
            dropped.append(Dropped.of(document, str(error)))
    if len(items) < 2:
        refused = f" {len(dropped)} were refused, the first one because: {dropped[0].reason}" if dropped else ""
        raise MeasureError(
            f"evaluation.prompts: {len(items)} of the held-out documents can be asked as a prompt with an answer, "
            "and an interval needs 2. Raise the holdout share of the source, or name a source of dialogues."
            + refused
        )
    return items, dropped


def _item(document: Document, render: Render, cut: Cut) -> AskedItem:
    if document.dialogue is None:
        raise MeasureError(f"{document.id}: is not a dialogue, so it cannot be asked. Name a source of dialogues.")
    messages, reference = document.dialogue.prompt, document.dialogue.answer
    prompt, ids = render(messages)
    sha256 = files.sha256_text(prompt)
    item = Item(document.id, document.source, prompt, sha256, reference, dict(document.fields))
    return AskedItem(item, tuple(ids), messages, cut(reference))


def prompts_sha256(hashes: Sequence[str]) -> str:
    """One hash over the hashes of all prompts, in item order: equal for two systems that were asked the same."""
    return files.sha256_text(files.canonical_json(list(hashes)))


def plain_prompt(messages: Sequence[Mapping[str, str]]) -> str:
    """The turns of a prompt as a reader wants them: the bare question, or each turn with its role."""
    if [m["role"] for m in messages] == ["user"]:
        return messages[0]["content"]
    return "\n".join(f"{m['role']}: {m['content']}" for m in messages)
