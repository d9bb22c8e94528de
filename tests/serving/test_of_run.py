"""Both models of a run: base stays base, adapted is adapted, and what they share is in memory once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from rantau.errors import RequestError, SourceError
from rantau.machine import Machine
from rantau.model.adapters import load_adapter
from rantau.model.load import load_base
from rantau.model.vocabulary import extend_model
from rantau.serving.engines import Ended, Heard, Refused
from rantau.serving.engines.building import Asked, build_engine
from rantau.serving.engines.of_run import load_models
from rantau.serving.engines.several import SeveralEngines
from rantau.serving.protocol import Job, Wish
from rantau.serving.revisions import adapter_folder, read_recipe, revisions_of, vocabulary_folder
from tests.serving.tiny_run import write_run

IDS = torch.tensor([[1, 60, 70, 80, 90, 2]])


@pytest.fixture(scope="module", params=[0, 3], ids=["own vocabulary", "new words"])
def run(request: pytest.FixtureRequest, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "tiny", tiny_base, words=request.param)


@pytest.fixture(scope="module")
def models(run: Path) -> tuple[Any, Any]:
    adapted, base = load_models(run, read_recipe(run), revisions_of(run), "cpu", lambda *_: None)
    return adapted, base


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(IDS).logits


def test_each_model_is_what_it_is_alone(run: Path, models: tuple[Any, Any]) -> None:
    recipe = read_recipe(run)
    base, alone = load_base(recipe.model, Machine()), load_base(recipe.model, Machine())
    if words := vocabulary_folder(run, recipe):
        extend_model(alone, words)
    adapted = load_adapter(alone, adapter_folder(run, recipe), trainable=False)
    assert torch.equal(logits(models[1]), logits(base))
    assert torch.equal(logits(models[0]), logits(adapted))
    size = logits(base).shape[-1]
    assert not torch.allclose(logits(models[0])[..., :size], logits(models[1]), atol=1e-3)


def test_weights_lie_in_memory_once(run: Path, models: tuple[Any, Any]) -> None:
    adapted = {p.data_ptr() for n, p in models[0].named_parameters() if "lora_" not in n}
    base = {n: p.data_ptr() for n, p in models[1].named_parameters()}
    apart = {n for n, place in base.items() if place not in adapted}
    assert apart == ({"model.embed_tokens.weight"} if vocabulary_folder(run, read_recipe(run)) else set())
    assert models[1].lm_head.weight is models[1].model.embed_tokens.weight


@pytest.fixture(scope="module")
def engine(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeveralEngines]:
    runs = tmp_path_factory.mktemp("runs")
    folders = (write_run(runs / "tiny", tiny_base),)
    told: list[tuple[float, str]] = []
    built = build_engine(
        "transformers",
        Asked(folders, device="cpu", slots=2, context=128, threads=1),
        lambda *said: told.append(said),
    )
    assert isinstance(built, SeveralEngines)
    assert [share for share, _ in told] == sorted(share for share, _ in told) and told[-1][0] < 1
    yield built
    built.close()


def ask(engine: SeveralEngines, models: tuple[str, ...], **wish: Any) -> dict[str, list[int]]:
    for model in models:
        wishes = Wish(max_tokens=6, **{"temperature": 0, **wish})
        engine.submit(model, Job(model, "ana", model, ({"role": "user", "content": "halo"},), wishes), [])
    ids: dict[str, list[int]] = {model: [] for model in models}
    ended: set[str] = set()
    while ended < set(models):
        for what in engine.step():
            if isinstance(what, Heard):
                ids[what.name] += what.piece.ids
            elif isinstance(what, Ended):
                ended.add(what.name)
    return ids


def test_the_model_that_is_named_answers(engine: SeveralEngines) -> None:
    assert engine.models == ("tiny", "tiny-base") and engine.slots == 2
    both = ask(engine, ("tiny", "tiny-base"))
    assert both["tiny"] != both["tiny-base"]
    assert ask(engine, ("tiny",)) == {"tiny": both["tiny"]}
    assert ask(engine, ("tiny-base",)) == {"tiny-base": both["tiny-base"]}


def test_a_model_that_is_not_there_is_refused(engine: SeveralEngines) -> None:
    with pytest.raises(Refused, match="tiny, tiny-base answers") as told:
        engine.submit("g", Job("g", "ana", "older", ({"role": "user", "content": "a"},)), [])
    assert told.value.code == "model_gone"


def test_a_run_that_is_not_finished_has_its_base_alone(tiny_base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "half", tiny_base, trained=False)
    with pytest.raises(SourceError, match="phase talk has not been trained to its end"):
        revisions_of(run)
    (base,) = revisions_of(run, ("base",))
    assert (base.name, base.kind, base.language, base.context) == ("half-base", "base", "ind", 512)
    assert str(tiny_base) not in base.title
    with pytest.raises(SourceError, match="no run of this name"):
        revisions_of(tmp_path / "none")


def test_an_unknown_engine_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="Did you mean transformers"):
        build_engine("transformer", Asked(()), lambda *_: None)
