"""Engines for runs: the base model and the adapted one, of one set of weights where they share them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rantau.chat import template_for
from rantau.machine import available_cores, detect
from rantau.recipe import Model, Recipe
from rantau.serving.engines.building import Asked, Says, check_code
from rantau.serving.engines.engine import Ended, Engine
from rantau.serving.engines.renewal import Renewal
from rantau.serving.engines.swap import SwappingEngines
from rantau.serving.engines.transformers import TransformersEngine
from rantau.serving.engines.turns import Turns
from rantau.serving.protocol import Job, Wish
from rantau.serving.revisions import Revision, adapter_folder, read_recipe, revisions_of, vocabulary_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Base = tuple[Model, "PreTrainedModel"]
"""A recipe's base, and it in memory, with nothing on it."""
READ, ADAPTED = 0.6, 0.8
"""Share of the loading that is done once the base is read, and once the adapter is on."""


def build(asked: Asked, says: Says) -> Engine:
    """All revisions of all runs, warm: the next prompt waits for nothing.

    Raises   SourceError, ModelError (see load_base, load_adapter); ServingError if a model cannot make one token
    """
    import torch

    torch.set_num_threads(asked.threads or max(1, available_cores() - 1))
    turns = Turns() if detect(asked.device).device == "cpu" else None  # type: ignore[arg-type]
    engines, bases = list[Engine](), dict[Path, Base]()
    for n, run in enumerate(asked.runs):

        def part(share: float, what: str, n: int = n) -> None:
            says((n + share) / len(asked.runs), what)

        engines += _engines_of(run, asked, turns, bases, part)
    made = SwappingEngines(engines, slots=asked.slots)
    if "adapted" in asked.kinds:
        Renewal(made, asked.runs, lambda run: _adapted_anew(run, asked, turns, bases.get(run))).start()
    return made


def _engines_of(
    run: Path, asked: Asked, turns: Turns | None, bases: dict[Path, Base], says: Says
) -> Iterator[TransformersEngine]:
    from rantau.serving.engines.twins import twin

    recipe, revisions = read_recipe(run), revisions_of(run, asked.kinds)
    models = load_models(run, recipe, revisions, asked.device, says)
    base = next((m for r, m in zip(revisions, models, strict=True) if r.kind == "base"), None)
    if base is not None:
        bases[run] = (recipe.model, twin(base))
    for n, (revision, model) in enumerate(zip(revisions, models, strict=True)):
        says(ADAPTED + (1 - ADAPTED) * n / len(revisions), f"warming up {revision.name}")
        if turns is not None:
            take_turns(model, turns)
        yield _warm(_engine_of(revision, recipe, model, asked))


def load_models(
    run: Path, recipe: Recipe, revisions: tuple[Revision, ...], device: str, says: Says
) -> list[PreTrainedModel]:
    """One for each revision. New words cost a copy of embedding and head; all else is in memory once."""
    from rantau.model.load import load_base
    from rantau.serving.engines.twins import twin

    says(0.02, f"reading {recipe.model.base}")
    base = load_base(recipe.model, detect(device))  # type: ignore[arg-type]
    words, models = vocabulary_folder(run, recipe), dict[str, Any](base=base)
    if any(revision.kind == "adapted" for revision in revisions):
        says(READ, f"putting the adapter of {run.name} on")
        adapted: Any = twin(base, own_rows=words is not None) if len(revisions) > 1 else base
        models["adapted"] = _adapt(adapted, run, recipe)
    return [models[revision.kind] for revision in revisions]


def _adapt(model: Any, run: Path, recipe: Recipe) -> PreTrainedModel:
    """The model itself, with the run's words and adapter on it."""
    from rantau.model.adapters import load_adapter
    from rantau.model.vocabulary import extend_model

    if (words := vocabulary_folder(run, recipe)) is not None:
        extend_model(model, words)
    loaded = load_adapter(model, adapter_folder(run, recipe), trainable=False)
    return cast("PreTrainedModel", loaded.get_base_model()).eval()


def _adapted_anew(run: Path, asked: Asked, turns: Turns | None, base: Base | None) -> TransformersEngine:
    """The run's adapter as it is now. base: in memory, if there is one; another recipe may have another"""
    from rantau.model.load import load_base
    from rantau.serving.engines.twins import twin

    check_code(run, asked)
    recipe, (revision,) = read_recipe(run), revisions_of(run, ("adapted",))
    if base is not None and base[0] == recipe.model:
        model = twin(base[1], own_rows=vocabulary_folder(run, recipe) is not None)
    else:
        model = load_base(recipe.model, detect(asked.device))  # type: ignore[arg-type]
    adapted = _adapt(model, run, recipe)
    if turns is not None:
        take_turns(adapted, turns)
    return _warm(_engine_of(revision, recipe, adapted, asked))


def _engine_of(revision: Revision, recipe: Recipe, model: PreTrainedModel, asked: Asked) -> TransformersEngine:
    from rantau.model.tokenizer import load_tokenizer

    words = vocabulary_folder(revision.run, recipe) if revision.kind == "adapted" else None
    tokenizer = load_tokenizer(recipe.model, vocabulary=words)
    return TransformersEngine(
        model, tokenizer, template_for(recipe.formatting, tokenizer), name=revision.name,
        system_prompt=recipe.formatting.system_prompt, digest=revision.digest, slots=asked.slots,
        context=asked.context,
    )  # fmt: skip


def take_turns(model: PreTrainedModel, turns: Turns) -> None:
    """Batches of two models at once fight for the cores: one step of each takes longer than the two in turn."""
    model.register_forward_pre_hook(lambda *_: turns.take())
    model.register_forward_hook(lambda *_: turns.give(), always_call=True)


def _warm(engine: TransformersEngine) -> TransformersEngine:
    job = Job("warm", "", engine.models[0], ({"role": "user", "content": "a"},), Wish(max_tokens=1, temperature=0))
    engine.submit(job.generation, job, [])
    while not any(isinstance(heard, Ended) for heard in engine.step()):
        pass
    return engine
