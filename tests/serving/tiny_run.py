"""A finished run of a tiny random model, in the form in which serving reads it; nothing was trained."""

from __future__ import annotations

from pathlib import Path

from rantau import files
from rantau.machine import Machine
from rantau.model.adapters import attach_adapter, save_adapter
from rantau.model.extension import first_new_id, save_extended
from rantau.model.load import load_base
from rantau.model.vocabulary import extend_model
from rantau.recipe import Recipe
from tests.tiny import build_tiny_tokenizer

WORDS = ["Ġmereka", "ĠBandung", "Selamat"]


def write_run(folder: Path, base: Path, *, words: int = 0, trained: bool = True) -> Path:
    """runs/<name> with an adapter that says something else than its base. words: added to the vocabulary"""
    recipe = recipe_of(folder.name, base, words)
    files.write_json(folder / "run.json", {"recipe": recipe.model_dump(mode="json"), "stages": []})
    if words:
        _write_words(folder / "stages" / "vocabulary", WORDS[:words])
    if trained:
        _write_adapter(folder, recipe)
    return folder


def recipe_of(name: str, base: Path, words: int = 0) -> Recipe:
    source = {"name": "talks", "path": "talks.jsonl", "language": "ind", "license": "CC0-1.0"}
    return Recipe.model_validate({
        "name": name, "language": {"target": "ind"}, "model": {"base": str(base)}, "sources": [source],
        "vocabulary": {"extend": words}, "adapter": {"rank": 4},
        "phases": [{"name": "talk", "kind": "sft", "mixture": {"talks": 1.0}}],
        "evaluation": {"texts": [{"name": "talks", "source": "talks"}]},
    })  # fmt: skip


def _write_words(folder: Path, words: list[str]) -> None:
    base = build_tiny_tokenizer()
    save_extended(base, words, folder / "tokenizer")
    pieces = [[p.id for p in base.backend_tokenizer.model.tokenize(word)] for word in words]
    files.write_json(
        folder / "words.json", {"first_id": first_new_id(base), "words": [{"pieces": p} for p in pieces]}
    )


def _write_adapter(folder: Path, recipe: Recipe) -> None:
    import torch

    base = load_base(recipe.model, Machine())
    if recipe.vocabulary.extend:
        extend_model(base, folder / "stages" / "vocabulary")
    model = attach_adapter(base, recipe.adapter, seed=3)
    draw = torch.Generator().manual_seed(4)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "lora_A" not in name:
            parameter.data += 0.3 * torch.randn(parameter.shape, generator=draw)
    save_adapter(model, folder / "stages" / "train-talk" / "adapter", base=recipe.model)
