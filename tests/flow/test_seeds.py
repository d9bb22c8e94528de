"""The seeds' recipes as they are, from sources to adapter, on stand-ins: small rows and tiny models."""

import math
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.machine import Machine
from rantau.model.adapters import load_adapter
from rantau.model.load import load_base
from rantau.model.quantised import quantisation_of
from rantau.model.shapes import trainable_parameters
from rantau.pipeline import stages_of
from rantau.recipe import Recipe, load_recipe
from rantau.run.progress import Progress
from rantau.run.runner import run
from rantau.run.store import Store
from tests.flow.small import ROOT
from tests.flow.stand_ins import tiny_model, write_cendol, write_korean, write_texts

SEEDS = ROOT / "recipes" / "seeds"
DRAWN = "curation.sampling.0.steps."
# recipe -> architecture, sources, and what makes it short: fewer tokens and rows, nothing else
SHORT: dict[str, tuple[str, list[str], list[str]]] = {
    "bakti-qwen3-8b": (
        "qwen3", ["dtp", "prd", "wikipedia"], ["phases.cpt.tokens=9000", "phases.cpt.max_tokens=64"],
    ),
    "olmo-1b-cendol": (
        "olmo", ["cendol"],
        [
            f"{DRAWN}strata.n=40", f"{DRAWN}clusters.n=40", f"{DRAWN}clusters.k_range=[2, 3]",
            f"{DRAWN}clusters.maps=[pca]", "phases.sft.epochs=0.5",
        ],
    ),
    "waktaverse-llama3-8b-ko": ("llama", ["kocommercial"], ["phases.sft.epochs=0.3"]),
    "loraplus-llama3.2-1b": (
        "llama", ["cendol"],
        [
            f"{DRAWN}six-subsets.n=8", f"{DRAWN}clusters.k=3", f"{DRAWN}clusters.per_cluster=12",
            f"{DRAWN}clusters.maps=[pca]", "phases.sft.epochs=1",
        ],
    ),
}  # fmt: skip


def stand_in(name: str, profile: str, folder: Path) -> Recipe:
    """The recipe file itself; only where rows and base come from, and how many, is another."""
    architecture, sources, shorter = SHORT[name]
    write_texts(folder, [s for s in sources if s not in ("cendol", "kocommercial")])
    write_cendol(folder)
    write_korean(folder)
    base = tiny_model(folder / "base", architecture)
    places = [f"sources.{source}.path={folder / source}.jsonl" for source in sources]
    return load_recipe(SEEDS / f"{name}.yaml", [f"profile={profile}", f"model.base={base}", *places, *shorter])


def trained(recipe: Recipe, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Runs every stage up to the last phase; (folder of that artefact, its summary)."""
    stages = stages_of(recipe)
    last = next(n for n, s in enumerate(stages) if s.name == f"train-{recipe.phases[-1].name}")
    outcomes = run(stages[: last + 1], recipe, folder, Store(folder / "store"), Machine(), Progress(quiet=True))
    return outcomes[-1].folder, files.read_json(outcomes[-1].folder / "summary.json")


@pytest.mark.parametrize("profile", ["seed", "better"])
@pytest.mark.parametrize("name", SHORT)
def test_it_runs_up_to_its_adapter(
    tmp_path: Path, name: str, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra `quant` is not installed")
    monkeypatch.setenv("RANTAU_CACHE", str(tmp_path / "cache"))
    recipe = stand_in(name, profile, tmp_path)
    out, summary = trained(recipe, tmp_path)
    assert summary["steps"] >= 2
    assert all(math.isfinite(summary[key]) for key in ("first_loss", "last_loss"))
    adapter = recipe.adapter_of(recipe.phases[-1])
    assert summary["trainable"] == trainable_parameters(recipe.model, adapter)["trainable"]
    base = load_base(recipe.model, Machine())
    assert quantisation_of(base) == recipe.model.quantisation == ("none" if "olmo" in name else "nf4")
    loaded = load_adapter(base, out / "adapter", trainable=False)
    assert any(float(p.abs().max()) > 0 for n, p in loaded.named_parameters() if "lora_B" in n)


def test_the_stand_ins_are_of_the_seeds_kind(tmp_path: Path) -> None:
    for name, (architecture, *_) in SHORT.items():
        seed = load_recipe(SEEDS / f"{name}.yaml")
        counted = trainable_parameters(seed.model, seed.adapter)["by_module"]
        model = seed.model.model_copy(update={"base": str(tiny_model(tmp_path / name, architecture))})
        assert counted.keys() == trainable_parameters(model, seed.adapter)["by_module"].keys()
