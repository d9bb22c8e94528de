"""What is scored and not answered: held-out texts, and the in-context probe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import partial

from rantau import files
from rantau.chat import Template, Tokenizer
from rantau.errors import MeasureError
from rantau.recipe import HeldOutText, InContext, Model
from rantau.records import Dropped
from rantau.run.stage import Context
from rantau.stages.evaluation.heldout import read_held_out
from rantau.stages.evaluation.in_context.probe import ProbeQuestion, dialogue_probe, letter_probe
from rantau.stages.evaluation.likelihood.answer_texts import mark_answers
from rantau.stages.evaluation.likelihood.texts import HeldOutPiece, draw_pieces

UNSCORED = "unscored.jsonl"


def held_out_pieces(context: Context, template: Template, tokenizer: Tokenizer) -> list[HeldOutPiece]:
    """The pieces of all texts of the recipe; dialogues that the chat template refuses are written aside."""
    found: list[HeldOutPiece] = []
    dropped: list[Dropped] = []
    texts: list[HeldOutText] = context.recipe.part("evaluation.texts")
    for text in texts:
        answers = partial(mark_answers, template, tokenizer, context.recipe.formatting)
        documents = read_held_out(context.inputs["gather"], text.source)
        mark = answers if text.scored == "answers" else None
        pieces, refused = draw_pieces(documents, text, seed=context.recipe.seed, mark=mark)
        found += pieces
        dropped += refused
    _write_aside(context, dropped)
    return found


def probe_questions(
    context: Context, template: Template, tokenizer: Tokenizer, base_tokenizer: Tokenizer
) -> list[ProbeQuestion]:
    """The questions of the in-context probe, none if the recipe has none.

    tokenizer       of the system that is asked
    base_tokenizer  says whether a question fits, so that both systems are asked the same
    Raises          MeasureError if there are fewer than 2 questions, or the longest exceeds the context
    """
    probe: InContext | None = context.recipe.part("evaluation.in_context")
    if probe is None:
        return []
    questions, dropped = _questions(context, probe, template, tokenizer)
    _write_aside(context, dropped)
    weighed = questions if tokenizer is base_tokenizer else _questions(context, probe, template, base_tokenizer)[0]
    _refuse_too_long(weighed, _context_tokens(context.recipe.model))
    return questions


def _questions(
    context: Context, probe: InContext, template: Template, tokenizer: Tokenizer
) -> tuple[list[ProbeQuestion], list[Dropped]]:
    if probe.source is None:
        return letter_probe(tokenizer, probe, seed=context.recipe.seed), []
    mark = partial(mark_answers, template, tokenizer, context.recipe.formatting, last_only=True)
    documents = read_held_out(context.inputs["gather"], probe.source)
    return dialogue_probe(documents, mark, probe, seed=context.recipe.seed)


def _refuse_too_long(questions: list[ProbeQuestion], most_tokens: int | None) -> None:
    if len({q.item_id for q in questions}) < 2:
        raise MeasureError(
            "evaluation.in_context: fewer than 2 questions, and an interval needs 2. Hold out more."
        )
    longest = max(len(q.marked.ids) for q in questions)
    if most_tokens is not None and longest > most_tokens:
        raise MeasureError(
            f"evaluation.in_context: a question with its examples has {longest} tokens, and the model sees "
            f"{most_tokens}. Lower evaluation.in_context.shots."
        )


def _context_tokens(model: Model) -> int | None:
    """Tokens that the base sees at once; None if it names no limit."""
    from rantau.model.base import config_folder

    folder = config_folder(model)  # known by now: the tokenizer was loaded from it
    found = files.read_json(folder / "config.json").get("max_position_embeddings") if folder else None
    return None if found is None else int(found)


def _write_aside(context: Context, dropped: Iterable[Dropped]) -> None:
    """Adds to unscored.jsonl; the file is not there if nothing was refused."""
    path = context.out / UNSCORED
    before = files.read_jsonl(path) if path.is_file() else []
    rows = [asdict(d) for d in dropped]
    if new := [row for row in rows if row not in before]:
        files.write_jsonl(path, [*before, *new])
