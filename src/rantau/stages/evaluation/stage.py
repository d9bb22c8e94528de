"""Stages of evaluation: `answer-base` and `answer-adapted` ask one system each, `compare` measures the change."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

from rantau import files
from rantau.chat import Template, Tokenizer, template_for
from rantau.language import load_profile
from rantau.model.base import base_hash
from rantau.recipe import Model, Prompts
from rantau.records import Answer
from rantau.run.stage import Context, Stage
from rantau.stages.evaluation.answers import ask_items
from rantau.stages.evaluation.asked import ANSWERS, ITEMS, PROMPTS, TEXTS, read_asked, refuse_unlike
from rantau.stages.evaluation.compare import compare_systems
from rantau.stages.evaluation.heldout import read_held_out
from rantau.stages.evaluation.items import AskedItem, draw_dialogues, make_items, prompts_sha256
from rantau.stages.evaluation.rendering import cut_reference, prompt_renderer
from rantau.stages.evaluation.samples import ordered
from rantau.stages.evaluation.speaker import LateSpeaker, Speaker, load_speaker
from rantau.stages.evaluation.texts import HeldOutPiece, draw_pieces, score_pieces


@dataclass(frozen=True, slots=True)
class AnswerSummary:
    """n_documents, n_bytes: scored text; answer_tokens: over all answers; ended_share: None without prompts"""

    n_documents: int
    n_bytes: int
    n_items: int
    n_items_dropped: int
    answer_tokens: int
    ended_share: float | None


@dataclass(frozen=True, slots=True)
class CompareSummary:
    """changes: "<metric>, <name>" -> value of the row "change"; None where it cannot be told"""

    n_scores: int
    n_items: int
    changes: Mapping[str, float | None]


def answer_stage(
    system: Literal["base", "adapted"], *, adapter_from: str | None, vocabulary: str | None = None
) -> Stage:
    """The stage that asks one system.

    adapter_from  name of the training stage whose adapter speaks; None for the base model
    vocabulary    name of the stage whose words the adapter knows; None = the base's own tokens

    Files: texts.jsonl; and if the recipe has prompts: items.jsonl, answers.jsonl, prompts.json, and
    dropped.jsonl with the held-out dialogues that the chat template refuses. speed.json holds seconds.
    """
    return Stage(
        name=f"answer-{system}",
        version=1,
        needs=("gather", *(name for name in (adapter_from, vocabulary) if name)),
        slices=(
            "model",
            "formatting",
            "evaluation.texts",
            "evaluation.prompts",
            "evaluation.context_tokens",
            "seed",
        ),
        run=partial(answer, adapter_from=adapter_from),
        fingerprint=base_hash,
        volatile=("speed.json",),
    )


def answer(context: Context, *, adapter_from: str | None) -> AnswerSummary:
    """Scores held-out texts and answers held-out prompts with one system; continues what a kill left."""
    from rantau.model.tokenizer import load_tokenizer

    start = time.monotonic()
    recipe = context.recipe
    words = context.inputs.get("vocabulary")
    base_tokenizer = load_tokenizer(recipe.model, context.progress)
    tokenizer = load_tokenizer(recipe.model, vocabulary=words) if words else base_tokenizer
    template = template_for(recipe.formatting, tokenizer)
    adapter = context.inputs[adapter_from] / "adapter" if adapter_from else None
    speaker = LateSpeaker(
        partial(load_speaker, recipe.model, context.machine, adapter, template.stop_ids, context.progress, words)
    )
    pieces = _pieces(context)
    # before any scoring: a bad source is told at once
    items, n_dropped = _items(context, template, tokenizer, base_tokenizer)
    window = recipe.part("evaluation.context_tokens")
    scores = score_pieces(context.out / TEXTS, pieces, speaker, context_tokens=window, progress=context.progress)
    answers = _answers(context, items, speaker)
    files.write_json(context.out / "speed.json", {"wall_s": round(time.monotonic() - start, 2)})
    return AnswerSummary(
        n_documents=len(scores),
        n_bytes=sum(s.bytes for s in scores),
        n_items=len(items),
        n_items_dropped=n_dropped,
        answer_tokens=sum(a.n_tokens for a in answers),
        ended_share=sum(a.ended for a in answers) / len(answers) if answers else None,
    )


def _pieces(context: Context) -> list[HeldOutPiece]:
    return [
        piece
        for text in context.recipe.part("evaluation.texts")
        for piece in draw_pieces(
            read_held_out(context.inputs["gather"], text.source),
            text=text.name,
            max_documents=text.max_documents,
            max_bytes=text.max_bytes,
            seed=context.recipe.seed,
        )
    ]


def _items(
    context: Context, template: Template, tokenizer: Tokenizer, base_tokenizer: Tokenizer
) -> tuple[list[AskedItem], int]:
    """Draws and renders the items and writes them down; returns them and the number of refused dialogues.

    tokenizer       of the system that is asked
    base_tokenizer  says which prompts fit and where references are cut, so that both systems get the same
    """
    recipe = context.recipe
    prompts: Prompts | None = recipe.part("evaluation.prompts")
    if prompts is None:
        return [], 0
    drawn = draw_dialogues(
        read_held_out(context.inputs["gather"], prompts.source), prompts.max_items, seed=recipe.seed
    )
    render = prompt_renderer(
        template, tokenizer, recipe.formatting, most_tokens=_room(recipe.model, prompts), weigher=base_tokenizer
    )
    cut = partial(cut_reference, base_tokenizer, max_tokens=prompts.max_new_tokens)
    items, dropped = make_items(drawn, render, cut)
    files.write_jsonl(context.out / ITEMS, [item.to_row() for item in items])
    files.write_jsonl(context.out / "dropped.jsonl", map(asdict, dropped))
    sha256 = prompts_sha256([item.item.prompt_sha256 for item in items])
    files.write_json(context.out / PROMPTS, {"sha256": sha256, "n": len(items)})
    return items, len(dropped)


def _room(model: Model, prompts: Prompts) -> int | None:
    """Tokens that a prompt may have so that a whole answer fits behind it; None if the base names no limit."""
    from rantau.model.base import config_folder

    folder = config_folder(model)  # known by now: the tokenizer was loaded from it
    context = files.read_json(folder / "config.json").get("max_position_embeddings") if folder else None
    return None if context is None else int(context) - prompts.max_new_tokens


def _answers(context: Context, items: Sequence[AskedItem], speaker: Speaker) -> list[Answer]:
    prompts: Prompts | None = context.recipe.part("evaluation.prompts")
    if prompts is None:
        return []
    limit = prompts.max_new_tokens
    return ask_items(context.out / ANSWERS, items, speaker, max_new_tokens=limit, progress=context.progress)


def compare(context: Context) -> CompareSummary:
    """Writes scores.json, and samples.jsonl if the recipe has prompts.

    Raises   MeasureError if the two systems were not asked the same
    """
    recipe = context.recipe
    with_prompts = recipe.evaluation.prompts is not None
    base, adapted = (
        read_asked(context.inputs[name], with_prompts=with_prompts) for name in ("answer-base", "answer-adapted")
    )
    refuse_unlike(base, adapted)
    profile = load_profile(recipe.language.target)
    found = compare_systems(base, adapted, profile, recipe.evaluation, seed=recipe.seed, progress=context.progress)
    files.write_json(context.out / "scores.json", [s.to_row() for s in found.scores])
    if with_prompts:
        files.write_jsonl(context.out / "samples.jsonl", ordered(found.samples))
    changes = {f"{s.metric}, {s.name}": s.value for s in found.scores if s.system == "change"}
    return CompareSummary(len(found.scores), len(found.samples), changes)


COMPARE = Stage(
    name="compare",
    version=1,
    needs=("answer-base", "answer-adapted"),
    slices=("language", "evaluation", "seed"),
    run=compare,
)
