"""Asking one system: held-out texts are scored and prompts answered; a killed run goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from rantau import files
from rantau.chat import Template, Tokenizer, template_for
from rantau.recipe import Model, Prompts
from rantau.records import Answer
from rantau.run.stage import Context
from rantau.stages.evaluation.asked import ANSWERS, IN_CONTEXT, ITEMS, PROMPTS, TEXTS
from rantau.stages.evaluation.heldout import read_held_out
from rantau.stages.evaluation.in_context.asking import ask_probe
from rantau.stages.evaluation.likelihood.scoring import held_out_pieces, probe_questions
from rantau.stages.evaluation.likelihood.texts import score_pieces
from rantau.stages.evaluation.prompts.answers import ask_items
from rantau.stages.evaluation.prompts.items import AskedItem, draw_dialogues, make_items, prompts_sha256
from rantau.stages.evaluation.prompts.rendering import cut_reference, prompt_renderer
from rantau.stages.evaluation.speakers.served import served_as
from rantau.stages.evaluation.speakers.speaker import Answerer, LateSpeaker, decoding_of, load_speaker


@dataclass(frozen=True, slots=True)
class AnswerSummary:
    """n_documents, n_bytes: scored text; answer_tokens: over all answers; ended_share: None without prompts"""

    n_documents: int
    n_bytes: int
    n_items: int
    n_items_dropped: int
    answer_tokens: int
    ended_share: float | None


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
    pieces = held_out_pieces(context, template, tokenizer)
    probe = probe_questions(context, template, tokenizer, base_tokenizer)
    # before any scoring: a bad source is told at once
    items, n_dropped = _items(context, template, tokenizer, base_tokenizer)
    window = recipe.part("evaluation.context_tokens")
    scores = score_pieces(context.out / TEXTS, pieces, speaker, context_tokens=window, progress=context.progress)
    ask_probe(context.out / IN_CONTEXT, probe, speaker, progress=context.progress)
    asked: Prompts | None = recipe.part("evaluation.prompts")
    served = asked is not None and asked.engine == "server"
    answerer = (
        served_as(context.machine, recipe.model, tokenizer, template.stop_ids, adapter) if served else speaker
    )
    answers = _answers(context, items, answerer)
    files.write_json(context.out / "speed.json", {"wall_s": round(time.monotonic() - start, 2)})
    return AnswerSummary(
        n_documents=len(scores),
        n_bytes=sum(s.bytes for s in scores),
        n_items=len(items),
        n_items_dropped=n_dropped,
        answer_tokens=sum(a.n_tokens for a in answers),
        ended_share=sum(a.ended for a in answers) / len(answers) if answers else None,
    )


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
    decoding = decoding_of(prompts)
    cut = partial(cut_reference, base_tokenizer, max_tokens=decoding.max_new_tokens, cuts=decoding.cuts)
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


def _answers(context: Context, items: Sequence[AskedItem], answerer: Answerer) -> list[Answer]:
    prompts: Prompts | None = context.recipe.part("evaluation.prompts")
    if prompts is None:
        return []
    path, seed = context.out / ANSWERS, context.recipe.seed
    return ask_items(path, items, answerer, decoding_of(prompts), seed=seed, progress=context.progress)
