"""One rendered report for the whole room: rendering takes seconds, reading it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rantau.recipe import Recipe
from rantau.stages.report.facts import Facts
from rantau.stages.report.reading import read_facts
from rantau.stages.report.stage import report
from tests.stages.report.facts_fixture import (
    context,
    fully_measured,
    many_methods,
    recipe,
    without_prompts,
    write_inputs,
)


@dataclass(frozen=True, slots=True)
class Written:
    """A report and what it was made from."""

    recipe: Recipe
    inputs: Mapping[str, Path]
    out: Path
    facts: Facts

    def text(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")


def written(asked: Recipe, folder: Path) -> Written:
    inputs = write_inputs(folder / "store", asked)
    report(context(asked, inputs, folder / "out"))
    return Written(asked, inputs, folder / "out", read_facts(asked, inputs))


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(recipe(), tmp_path_factory.mktemp("whole-report"))


@pytest.fixture(scope="session")
def textual(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The report of a recipe without prompts."""
    return written(without_prompts(), tmp_path_factory.mktemp("textual-report"))


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The report of a recipe that measures all that can be measured."""
    return written(fully_measured(), tmp_path_factory.mktemp("full-report"))


@pytest.fixture(scope="session")
def by_language(full: Written, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """The same report in every language."""
    found = {"eng": full}
    for language in ("ind", "kor"):
        asked = fully_measured(report={"language": language})
        out = tmp_path_factory.mktemp(f"report-{language}")
        report(context(asked, full.inputs, out))
        found[language] = Written(asked, full.inputs, out, full.facts)
    return found


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The report of a recipe that uses nearly every method, on a base from a hub."""
    return written(many_methods(), tmp_path_factory.mktemp("rich-report"))
