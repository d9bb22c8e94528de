"""Exchanging an adapter while it answers: nothing that was begun is lost, and what comes next is the new one's."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rantau.chat import template_for
from rantau.machine import Machine
from rantau.model.adapters import load_adapter
from rantau.model.load import load_base
from rantau.model.tokenizer import load_tokenizer
from rantau.run.manifest import Manifest
from rantau.serving.engines import Refused
from rantau.serving.engines.building import Asked, build_engine
from rantau.serving.engines.fake import FakeEngine
from rantau.serving.engines.renewal import Renewal
from rantau.serving.engines.swap import SwappingEngines
from rantau.serving.engines.transformers import TransformersEngine
from rantau.serving.engines.twins import twin
from rantau.serving.revisions import adapter_folder, read_recipe
from tests.serving.engines.asking import Said, going_on, hear, job, listen, plain
from tests.serving.tiny_run import write_run

ASKED = going_on(job("halo dunia", max_tokens=40), model="demo")


@pytest.fixture(scope="module")
def base(lively_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A model in memory and a run with an adapter for it."""
    run = write_run(tmp_path_factory.mktemp("runs") / "demo", lively_base)
    return load_base(read_recipe(run).model, Machine()), run


def adapted(base: tuple[Any, Path], factor: float) -> tuple[Any, Any, Any]:
    """Model, tokenizer, template of the run's adapter, times a factor, on weights that all of them share."""
    model, run = base
    recipe = read_recipe(run)
    loaded: Any = load_adapter(twin(model), adapter_folder(run, recipe), trainable=False)
    for name, parameter in loaded.named_parameters():
        if "lora_B" in name:
            parameter.data *= factor
    tokenizer = load_tokenizer(recipe.model)
    return loaded.get_base_model().eval(), tokenizer, template_for(recipe.formatting, tokenizer)


def engine_of(parts: tuple[Any, Any, Any]) -> TransformersEngine:
    return TransformersEngine(*parts, name="demo", slots=2, context=256)


@pytest.fixture
def engines(base: tuple[Any, Path]) -> Iterator[SwappingEngines]:
    made = SwappingEngines([engine_of(adapted(base, 1.0))], slots=4)
    yield made
    made.close()


def test_an_adapter_is_exchanged_while_it_answers(engines: SwappingEngines, base: tuple[Any, Path]) -> None:
    old, new = adapted(base, 1.0), adapted(base, -1.0)
    said = {"before": Said(), "after": Said()}
    first = engines._by_model["demo"]
    engines.submit("before", ASKED, [])
    while not said["before"].ids:
        listen(engines, said)
    engines.load(lambda: engine_of(new)).join()
    assert first in engines._retired
    engines.submit("after", ASKED, [])
    while not all(one.reason for one in said.values()):
        listen(engines, said)
    for thread in engines._threads:
        thread.join()
    assert said["before"].ids == plain(old, ASKED, 40)[1] and said["after"].ids == plain(new, ASKED, 40)[1]
    assert said["before"].ids != said["after"].ids
    assert not engines._retired and not first._manager.is_running() and engines.models == ("demo",)  # type: ignore[attr-defined]


class Watched(FakeEngine):
    """Tells when it was closed, and on which thread."""

    closed_on: threading.Thread | None = None

    def close(self) -> None:
        self.closed_on = threading.current_thread()


def test_each_answer_names_the_weights_that_it_was_begun_with() -> None:
    old, new = (FakeEngine(models=("a",), digests={"a": name}) for name in ("old", "new"))
    engines = SwappingEngines([old], slots=4)
    assert engines.submit("g1", going_on(job("x"), model="a"), []).digest == "old"
    engines.load(lambda: new).join()
    assert engines.submit("g2", going_on(job("x"), model="a"), []).digest == "new"
    assert engines.digests == {"a": "new"}


def test_one_that_answers_nothing_is_closed_at_once_and_elsewhere() -> None:
    old, new = Watched(models=("a", "b")), Watched(models=("a",))
    engines = SwappingEngines([old], slots=4)
    engines.load(lambda: new).join()
    assert old.closed_on is None and engines.models == ("a", "b")  # it still answers as b
    engines.unload("b")
    for thread in engines._threads:
        thread.join()
    assert old.closed_on not in (None, threading.current_thread()) and new.closed_on is None
    engines.close()
    assert new.closed_on is threading.current_thread()


def test_what_is_cancelled_keeps_nothing_open() -> None:
    old = Watched(models=("a",), n_words=10_000)
    engines = SwappingEngines([old], slots=4)
    engines.submit("g", going_on(job("x"), model="a"), [])
    engines.load(lambda: Watched(models=("a",))).join()
    assert old.closed_on is None
    engines.cancel("g")
    for thread in engines._threads:
        thread.join()
    assert old.closed_on is not None
    engines.close()


def test_a_revision_that_cannot_be_loaded_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    engines = SwappingEngines([FakeEngine(models=("a",), n_words=3)], slots=4)

    def fail() -> FakeEngine:
        raise OSError("no such adapter")

    engines.load(fail).join()
    engines.submit("g", going_on(job("x"), model="a"), [])
    assert hear(engines, {"g"})["g"].ids == [0, 1, 2] and "no such adapter" in caplog.text
    engines.close()


def test_a_model_that_was_unloaded_is_not_asked_again() -> None:
    engines = SwappingEngines([FakeEngine(models=("a",), n_words=3)], slots=4)
    engines.submit("g", going_on(job("x"), model="a"), [])
    engines.unload("a")
    with pytest.raises(Refused) as told:
        engines.submit("h", going_on(job("x"), model="a"), [])
    assert told.value.code == "model_gone" and hear(engines, {"g"})["g"].reason == "eos"
    engines.close()


def train_again(run: Path, factor: float, digest: str) -> None:
    """Another adapter in the place of the run's, as the training stage leaves it."""
    from safetensors.torch import load_file, save_file

    weights = adapter_folder(run, read_recipe(run)) / "adapter_model.safetensors"
    state = {n: t * (factor if "lora_B" in n else 1) for n, t in load_file(weights).items()}
    save_file(state, weights, {"format": "pt"})
    Manifest("train-talk", 1, digest, {}, {}, {}, digest, {}, {}).write(weights.parent.parent)


def test_a_run_that_is_trained_anew_answers_anew(lively_base: Path, tmp_path: Path, monkeypatch: Any) -> None:
    renewals: list[Renewal] = []
    monkeypatch.setattr(Renewal, "start", lambda self: renewals.append(self))  # noqa: PLW0108
    run = write_run(tmp_path / "demo", lively_base)
    train_again(run, 1.0, "first")
    asked = Asked((run,), device="cpu", slots=2, context=256, threads=1)
    built = build_engine("transformers", asked, lambda *_: None)
    (renewal,) = renewals
    assert isinstance(built, SwappingEngines) and renewal.look() == []
    assert built.digests == {"demo": "first"}
    old = answers(built)
    train_again(run, -1.0, "second")
    assert renewal.look() == [run] and renewal.look() == []
    for thread in built._threads:
        thread.join()
    assert built.digests == {"demo": "second"}
    assert built.submit("named", going_on(job("halo"), model="demo"), []).digest == "second"
    built.cancel("named")
    new = answers(built)
    shared = [engine._manager.model for engine in built._by_model.values()]  # type: ignore[attr-defined]
    built.close()
    assert new["demo-base"] == old["demo-base"] and new["demo"] != old["demo"]
    assert len({next(model.parameters()).data_ptr() for model in shared}) == 1  # the base is in memory once


def answers(engine: Any) -> dict[str, list[int]]:
    for name in engine.models:
        engine.submit(name, going_on(job("halo dunia"), model=name), [])
    return {name: said.ids for name, said in hear(engine, set(engine.models)).items()}


def test_a_run_that_was_trained_anew_while_it_was_read_is_read_again(lively_base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", lively_base)
    train_again(run, 1.0, "newer")
    engines = SwappingEngines([FakeEngine(models=("demo",), digests={"demo": "older"})], slots=4)
    built = FakeEngine(models=("demo",), digests={"demo": "newer"})
    renewal = Renewal(engines, (run,), lambda _: built)
    assert renewal.look() == [run] and renewal.look() == []
    for thread in engines._threads:
        thread.join()
    assert engines.digests == {"demo": "newer"}
    engines.close()


def test_a_run_that_is_being_trained_changes_nothing(lively_base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", lively_base)
    train_again(run, 1.0, "first")
    engines = SwappingEngines([FakeEngine(models=("demo",))], slots=4)
    renewal = Renewal(engines, (run,), lambda _: FakeEngine(models=("demo",)))
    (run / "run.json").write_text("{", encoding="utf-8")
    assert renewal.look() == []
    (run / "run.json").unlink()
    assert renewal.look() == []
    engines.close()
