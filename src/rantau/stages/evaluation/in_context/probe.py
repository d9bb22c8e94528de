"""The in-context probe: the same questions with examples and without, as token ids.

Perplexity of a text hides that a model has stopped to learn from what stands before it; the bits that
examples save on an answer do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rantau.chat import Tokenizer, start_of_text
from rantau.chat.encode import marked as marks_of
from rantau.errors import DataError
from rantau.recipe import InContext
from rantau.records import Dialogue, Document, Dropped
from rantau.stages.evaluation.in_context.examples import short_exchanges, with_examples
from rantau.stages.evaluation.in_context.letters import LetterQuestion, letter_questions
from rantau.stages.evaluation.likelihood.marked import Marked

Mark = Callable[[Dialogue], Marked]


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """One question with one number of examples.

    task      kind of letter list, or the source
    shots     examples before it, 0 or more
    n_bytes   UTF-8 bytes of the answer
    """

    item_id: str
    task: str
    shots: int
    marked: Marked
    n_bytes: int


def letter_probe(tokenizer: Tokenizer, probe: InContext, *, seed: int) -> list[ProbeQuestion]:
    """max_items lists of letters, each without examples and with `shots`; item by item."""
    questions = letter_questions(probe.max_items, shots=probe.shots, seed=seed)
    return [
        ProbeQuestion(
            q.id, q.task, shots, _letters_marked(tokenizer, q, examples), len(q.answer.encode())
        )
        for q in questions
        for shots, examples in ((0, ""), (probe.shots, q.examples))
    ]  # fmt: skip


def _letters_marked(tokenizer: Tokenizer, question: LetterQuestion, examples: str) -> Marked:
    before = examples + question.question
    text = before + question.answer
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    marks = marks_of(encoding["offset_mapping"], [(len(before), len(text))])
    return Marked((start_of_text(tokenizer), *encoding["input_ids"]), (False, *marks))


def dialogue_probe(
    documents: Sequence[Document], mark: Mark, probe: InContext, *, seed: int
) -> tuple[list[ProbeQuestion], list[Dropped]]:
    """At most max_items held-out exchanges, each without examples and with `shots`; and what the template refuses.

    mark     a dialogue in the chat template, the words of its last answer marked
    Raises   MeasureError if too few are short enough
    """
    by_id = {d.id: d for d in documents}
    exchanges, dropped = _accepted(short_exchanges(documents, seed=seed), by_id, mark)
    found: list[ProbeQuestion] = []
    for item_id in list(exchanges)[: probe.max_items]:
        n_bytes = len(exchanges[item_id].answer.encode())
        for shots in (0, probe.shots):
            asked = with_examples(exchanges, item_id, shots=shots, seed=seed)
            found.append(ProbeQuestion(item_id, by_id[item_id].source, shots, mark(asked), n_bytes))
    return found, dropped


def _accepted(
    exchanges: dict[str, Dialogue], by_id: dict[str, Document], mark: Mark
) -> tuple[dict[str, Dialogue], list[Dropped]]:
    kept: dict[str, Dialogue] = {}
    dropped: list[Dropped] = []
    for item_id, dialogue in exchanges.items():
        try:
            mark(dialogue)
        except DataError as error:
            dropped.append(Dropped.of(by_id[item_id], str(error)))
        else:
            kept[item_id] = dialogue
    return kept, dropped
