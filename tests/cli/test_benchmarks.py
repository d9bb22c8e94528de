"""rantau data benchmarks, rantau data import-benchmarks, and the table that rantau show prints."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rantau.cli.benchmark_table import benchmark_table
from rantau.cli.benchmarks import import_command, list_command
from rantau.stages.evaluation.benchmarks.catalogue import catalogue
from tests.stages.evaluation.benchmarks.material import copa_rows, write_task

DOCS = Path(__file__).parents[2] / "docs" / "harness.md"


def test_the_list_names_every_benchmark() -> None:
    result = CliRunner().invoke(list_command, [])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()[1:-1]] == list(catalogue())
    rows = json.loads(CliRunner().invoke(list_command, ["--json"]).output)
    assert {r["name"]: r["shots"] for r in rows}["arc"] == 25


def test_import_then_list(tmp_path: Path) -> None:
    write_task(tmp_path / "raw", "xcopa_id", "test", [r | {"label": 0} for r in copa_rows(7)])
    write_task(tmp_path / "raw", "copal_id_standard", "test", [{"premise": "x"}])
    result = CliRunner().invoke(import_command, [str(tmp_path / "raw"), "--to", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "xcopa_id: xcopa_id: 7 questions" in result.output
    assert "refused copal_id_standard of copal_id_standard: test: no column with the answer" in result.output
    assert "1 tasks in" in result.output
    listed = CliRunner().invoke(list_command, ["--data", str(tmp_path / "out")]).output
    assert re.search(r"xcopa_id +ind +1 +0 +acc +0\.50 +7 in 1 of 1", listed)
    assert re.search(r"copal_id .* none", listed)


def test_the_document_has_the_catalogue() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| (\d+) \| (\d+) \| (\w+) \|", DOCS.read_text(encoding="utf-8"), re.M
    )
    assert [(name, int(n), int(shots), metric) for name, n, shots, metric in rows] == [
        (b.name, len(b.tasks), b.shots, b.metric) for b in catalogue().values()
    ]


def row(task: str, benchmark: str, **changed: Any) -> dict[str, Any]:
    def share(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.05, "high": value + 0.05}

    return {
        "benchmark": benchmark, "task": task, "metric": "acc", "shots": 0, "n": 354, "chance": 0.5,
        "base": share(0.52), "adapted": share(0.61), "change": share(0.09), "resolvable": 0.06,
        "at_chance_base": True, "at_chance_adapted": False, "n_contaminated": None, "clean_adapted": None,
    } | changed  # fmt: skip


def test_the_table_says_chance_in_words() -> None:
    table = benchmark_table([row("xcopa_id", "xcopa_id"), row("b", "b", at_chance_adapted=True),
                             row("c", "c", chance=None, at_chance_base=None, at_chance_adapted=None)])  # fmt: skip
    lines = table.splitlines()
    assert lines[1].startswith("xcopa_id, acc") and lines[1].endswith("354  base at chance")
    assert "52.0     61.0  +9.0 [+4.0, +14.0] points" in lines[1]
    assert lines[2].endswith("both at chance") and "chance" not in lines[3]


def test_of_many_tasks_only_their_mean_is_shown() -> None:
    rows = [row(f"mmlu_{i}", "mmlu") for i in range(57)] + [row("mmlu", "mmlu")]
    assert len(benchmark_table(rows).splitlines()) == 2


@pytest.mark.parametrize(("clean", "told"), [(0.6, "without them 60.0 adapted"), (None, "without them - adapted")])
def test_contaminated_questions_are_told(clean: float | None, told: str) -> None:
    assert told in benchmark_table([row("x", "x", n_contaminated=4, clean_adapted=clean)])


def test_the_head_tells_the_level_of_the_intervals() -> None:
    head = benchmark_table([row("x", "x")], confidence=0.9).splitlines()[0]
    assert "change (90 % interval)" in head
