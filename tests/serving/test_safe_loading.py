"""Serving runs nobody's code: no pickle is opened, and no Python of a base's repository without being told to."""

from __future__ import annotations

import json
import pickle
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.cli.converting import convert
from rantau.errors import ModelError, RequestError
from rantau.serving.engines.building import Asked, build_engine
from rantau.serving.engines.of_run import _adapted_anew, load_models
from rantau.serving.revisions import adapter_folder, read_recipe, revisions_of
from tests.serving.tiny_run import write_run

ENGINES = ("transformers", "ctranslate2", "llama.cpp", "openai")
PICKLES = ("pytorch_model.bin", "weights.pt", "adapter_model.bin", "training_args.bin")
CODE = """
from pathlib import Path
from transformers import LlamaConfig
Path({ran!r}).touch()
class Own(LlamaConfig):
    model_type = "own"
"""


class Bomb:
    """Opened, it leaves a file behind."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> Any:
        return Path.touch, (self.ran,)


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Is there when somebody's code ran."""
    return tmp_path / "ran"


@pytest.fixture
def run(tiny_base: Path, tmp_path: Path) -> Path:
    """A run on a base of its own, both of which a test may spoil."""
    base = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    return write_run(tmp_path / "tiny", base)


def load(run: Path) -> Any:
    return load_models(run, read_recipe(run), revisions_of(run), "cpu", lambda *_: None)


def asked(run: Path, **options: str) -> Asked:
    return Asked((run,), device="cpu", slots=1, context=64, threads=1, options=options)


def put_pickles(folder: Path, ran: Path) -> None:
    for name in PICKLES:
        (folder / name).write_bytes(pickle.dumps(Bomb(ran)))


def test_a_pickle_beside_the_weights_is_not_opened(run: Path, ran: Path) -> None:
    recipe = read_recipe(run)
    for folder in (Path(recipe.model.base), adapter_folder(run, recipe)):
        put_pickles(folder, ran)
    assert len(load(run)) == 2
    assert not ran.exists()
    pickle.loads((Path(recipe.model.base) / PICKLES[0]).read_bytes())
    assert ran.exists()  # it would have been seen


def test_an_adapter_that_is_only_a_pickle_is_refused(run: Path, ran: Path) -> None:
    adapter = adapter_folder(run, read_recipe(run))
    put_pickles(adapter, ran)
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no such file\. Its pickled weights run code when they are opened"):
        load(run)
    assert not ran.exists()


@pytest.mark.parametrize("name", ["", "other.safetensors"])
def test_a_base_that_is_only_a_pickle_is_refused(run: Path, ran: Path, name: str) -> None:
    """Also where a file of the right kind, that nobody would load, lies beside it."""
    base = Path(read_recipe(run).model.base)
    put_pickles(base, ran)
    (base / "model.safetensors").rename(base / name if name else ran.with_name("gone"))
    with pytest.raises(ModelError, match=r"holds only pickled weights .*, which run code when they are opened"):
        load(run)
    assert not ran.exists()


@pytest.fixture
def own_code(run: Path, ran: Path) -> Path:
    """A run whose base brings code of its own, which its recipe does not allow."""
    base = Path(read_recipe(run).model.base)
    (base / "own.py").write_text(CODE.format(ran=str(ran)))
    config = files.read_json(base / "config.json")
    (base / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoConfig": "own.Own"}}))
    return run


def allow(run: Path) -> str:
    """The recipe allows it, as it did for training."""
    journal = files.read_json(run / "run.json")
    model = journal["recipe"]["model"]
    model["allow_custom_code"] = model["base"]
    files.write_json(run / "run.json", journal)
    return str(model["base"])


def test_code_that_no_recipe_allows_is_refused(own_code: Path, ran: Path) -> None:
    with pytest.raises(ModelError, match="asks to run Python code of the repository"):
        build_engine("transformers", asked(own_code), lambda *_: None)
    assert not ran.exists()


@pytest.mark.parametrize("engine", ENGINES)
def test_code_that_the_recipe_allows_does_not_run_in_a_chat(own_code: Path, ran: Path, engine: str) -> None:
    base = allow(own_code)
    said = f"tiny: its recipe lets .* --option custom_code={base}"
    for options in ({}, {"custom_code": "yes"}, {"custom_code": "another"}):
        with pytest.raises(RequestError, match=said):
            build_engine(engine, asked(own_code, **options), lambda *_: None)
    with pytest.raises(RequestError, match=said):
        convert(engine, asked(own_code), lambda *_: None)
        build_engine(engine, asked(own_code), lambda *_: None)  # what needs no conversion is refused here
    assert not ran.exists()


def test_a_run_that_was_trained_anew_brings_no_code_in(own_code: Path, ran: Path) -> None:
    """The worker was started when its recipe did not ask for that."""
    allow(own_code)
    with pytest.raises(RequestError, match="custom_code"):
        _adapted_anew(own_code, asked(own_code), None, None)
    assert not ran.exists()


def test_who_allows_the_code_by_name_gets_it(own_code: Path, ran: Path) -> None:
    base = allow(own_code)
    with suppress(Exception):  # whatever comes of it: it ran
        build_engine("transformers", asked(own_code, custom_code=base), lambda *_: None)
    assert ran.exists()
