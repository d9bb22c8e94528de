"""Commands that need no run: init, check, plan, doctor, errors and exit codes."""

import json
from pathlib import Path

from rantau.recipe import load_recipe
from tests.flow.small import rantau


def test_init_writes_a_recipe_that_check_understands(tmp_path: Path) -> None:
    result = rantau("init", "kor", cwd=tmp_path)
    assert result.returncode == 0 and load_recipe(tmp_path / "kor.yaml").language.target == "kor"
    again = rantau("init", "kor", cwd=tmp_path)
    assert again.returncode == 2 and "exists already" in again.stderr
    check = rantau("check", "kor.yaml", cwd=tmp_path)
    assert check.returncode == 2 and "data/kor.txt" in check.stderr


def test_unknown_command_names_the_nearest(tmp_path: Path) -> None:
    result = rantau("plna", cwd=tmp_path)
    assert result.returncode == 2 and "Did you mean plan?" in result.stderr


def test_show_without_a_run_says_how_to_start(tmp_path: Path) -> None:
    result = rantau("show", cwd=tmp_path)
    assert result.returncode == 2 and "rantau run" in result.stderr


def test_two_runs_are_compared_alone(tmp_path: Path) -> None:
    shown = rantau("show", "one", "--compare", "a", "b", cwd=tmp_path)
    assert shown.returncode == 2
    assert "--compare A B stands alone" in shown.stderr


def test_doctor_lists_what_is_there(tmp_path: Path) -> None:
    result = rantau("doctor", "--json", cwd=tmp_path)
    found = {f["what"]: f for f in json.loads(result.stdout)}
    assert found["torch"]["state"] == "ok" and found["memory"]["state"] == "ok"
    assert all(f["mend"] for f in found.values() if f["state"] != "ok")


def test_schema_is_json(tmp_path: Path) -> None:
    result = rantau("check", "--schema", "-", cwd=tmp_path)
    assert json.loads(result.stdout)["properties"]["sources"]["type"] == "array"
