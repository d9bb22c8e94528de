"""A run in the form of another program: made once, kept by hash, and answered from."""

from pathlib import Path
from typing import Any

import pytest

from rantau.cli.converting import convert
from rantau.errors import RequestError, SourceError
from rantau.machine import Machine
from rantau.model.adapters import load_adapter
from rantau.model.load import load_base
from rantau.serving.engines.building import Asked, build_engine
from rantau.serving.engines.converted import find, form_of, key_of, revisions_asked
from rantau.serving.revisions import adapter_folder, read_recipe
from tests.serving.engines.asking import going_on, hear, job, plain
from tests.serving.tiny_run import write_run


@pytest.fixture(scope="module")
def run(lively_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "demo", lively_base)


@pytest.fixture(scope="module")
def calm_run(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that eight bits can hold."""
    return write_run(tmp_path_factory.mktemp("calm") / "demo", tiny_base)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for all tests: what is made once stays."""
    monkeypatch.setenv("RANTAU_CACHE", str(tmp_path_factory.getbasetemp() / "converted-cache"))


def quiet(share: float, what: str) -> None:
    pass


@pytest.mark.parametrize(
    ("engine", "package", "options"),
    [("ctranslate2", "ctranslate2", {}), ("llama.cpp", "cyllama", {"kind": "f32"})],
)
def test_a_run_is_converted_once_and_answers_as_base_and_adapted(
    run: Path, calm_run: Path, parts: Any, engine: str, package: str, options: dict[str, str]
) -> None:
    pytest.importorskip(package, reason=f"the package {package} is not installed")
    run = run if engine == "llama.cpp" else calm_run
    asked, told = Asked((run,), slots=2, context=256, threads=1, options=options), list[str]()
    with pytest.raises(SourceError, match="demo: is not there as"):
        build_engine(engine, asked, quiet)
    for _ in range(2):
        convert(engine, asked, lambda _, what: told.append(what))
    assert [line.split()[1] for line in told] == ["demo", "demo-base"]
    made = build_engine(engine, asked, quiet)
    for revision in made.models:
        made.submit(revision, going_on(job("halo dunia"), model=revision), [])
    found = hear(made, set(made.models))
    made.close()
    assert found["demo"].ids != found["demo-base"].ids
    if engine == "llama.cpp":  # in float32; int8 may choose another token
        assert found["demo-base"].ids == plain(parts, job("halo dunia"))[1]
        assert found["demo"].ids == plain((_adapted(run), *parts[1:]), job("halo dunia"))[1]


def _adapted(run: Path) -> Any:
    recipe = read_recipe(run)
    return load_adapter(load_base(recipe.model, Machine()), adapter_folder(run, recipe), trainable=False).eval()


def test_what_the_run_has_exported_is_not_made_again(run: Path, tmp_path: Path) -> None:
    asked = Asked((run,), kinds=("adapted",))
    (revision,) = revisions_asked(asked)
    exported = run / "stages" / "export" / "gguf"
    exported.mkdir(parents=True)
    (exported / "demo-q4_k_m.gguf").touch()
    assert find(revision, "gguf-q4_k_m") == exported.resolve()
    assert find(revision, "gguf-f16") is None


def test_another_adapter_is_another_conversion(run: Path, lively_base: Path, tmp_path: Path) -> None:
    keys = [key_of(r, form) for r in revisions_asked(Asked((run,))) for form in ("ctranslate2", "gguf-q8_0")]
    other = write_run(tmp_path / "demo", lively_base)
    weights = other / "stages" / "train-talk" / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    keys += [key_of(r, "ctranslate2") for r in revisions_asked(Asked((other,), kinds=("adapted",)))]
    assert len(set(keys)) == 5


def test_an_engine_that_reads_the_run_itself_needs_no_conversion(run: Path) -> None:
    asked = Asked((run,))
    assert form_of("transformers", asked) is None and form_of("llama.cpp", asked) == "gguf-q8_0"
    convert("transformers", asked, quiet)


def test_an_unknown_kind_is_named(run: Path) -> None:
    with pytest.raises(RequestError, match="kind=q9: there is no such kind"):
        convert("llama.cpp", Asked((run,), options={"kind": "q9"}), quiet)
