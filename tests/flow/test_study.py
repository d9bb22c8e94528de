"""A study from the command line: shared work once, one arm that fails, a second run, two runs side by side."""

import json
from pathlib import Path

import pytest

from rantau import files
from tests.flow.small import rantau, write_project

STUDY = """\
name: ranks
base: small.yaml
against: rank-2
repeats: 1
choice: {rule: best, figures: [bits_per_byte.news]}
arms:
  - {name: rank-2, set: {adapter.rank: 2}}
  - {name: rank-8, note: four times as many, set: {adapter.rank: 8}}
  - {name: again, set: {adapter.rank: 8}}
  - {name: broken, set: {adapter.targets: [no_such_module]}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    folder = tmp_path_factory.mktemp("study")
    recipe = write_project(folder, tiny_base, rows=60)
    text = recipe.read_text()
    start, end = text.index("  sampling:"), text.index("adapter:")
    recipe.write_text(text[:start] + text[end:])
    (folder / "ranks.yaml").write_text(STUDY)
    return folder


@pytest.mark.timeout(900)
def test_a_study(project: Path) -> None:
    plan = json.loads(rantau("study", "ranks.yaml", "--plan", "--json", cwd=project).stdout)
    by = {row["arm"]: row for row in plan["plan"]}
    assert "train-read" in by["rank-8"]["build"] and "answer-base" not in by["rank-8"]["build"]
    assert by["rank-8"]["shared"]["answer-base"] == "rank-2, repetition 1"
    assert (by["again"]["build"], by["again"]["differences"]) == ([], by["rank-8"]["differences"])
    assert not (project / "store").exists()

    first = rantau("study", "ranks.yaml", "--workers", "2", cwd=project)
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("answer-base of 4 trials: built") == 1
    assert "failed: broken, repetition 1: train-read:" in first.stderr
    folder = project / "runs" / "ranks"
    found = files.read_json(folder / "study.json")
    assert {f["arm"] for f in found["figures"]} == {"", "rank-2", "rank-8", "again"}
    same = [d for d in found["differences"] if d["arm"] == "again" and d["against"] == found["chosen"]["arm"]]
    if found["chosen"]["arm"] == "rank-8":
        assert {d["p"] for d in same} == {1.0}, "the same adapter"
    assert "no_such_module" in (folder / "trials" / "broken-1" / "error.txt").read_text()
    assert "Trials that failed" in (folder / "study.html").read_text()
    assert "# Study ranks" in (folder / "study.md").read_text()

    built = len(list((project / "store").glob("*/*/manifest.json")))
    second = rantau("study", "ranks.yaml", "--workers", "1", "--json", cwd=project)
    assert second.returncode == 0, second.stderr
    assert len(list((project / "store").glob("*/*/manifest.json"))) == built, "only the failed arm was tried"
    again = json.loads(second.stdout)
    assert [f["value"] for f in again["figures"]] == [f["value"] for f in found["figures"]]

    two = rantau("show", "--compare", "ranks/trials/rank-2-1", "ranks/trials/rank-8-1", "--json", cwd=project)
    assert two.returncode == 0, two.stderr
    compared = json.loads(two.stdout)
    assert compared["recipe"] == ["adapter.rank 2 -> 8"]
    news = next(f for f in compared["figures"] if (f["metric"], f["name"]) == ("bits_per_byte", "news"))
    assert news["difference"]["value"] == pytest.approx(news["second"] / news["first"] - 1)
    assert (
        "rank-8-1 minus rank-2-1"
        in rantau("show", "--compare", "ranks/trials/rank-2-1", "ranks/trials/rank-8-1", cwd=project).stdout
    )
