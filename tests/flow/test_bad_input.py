"""Bad input: one clear message, exit 1 or 2, and nothing half-written is trusted."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.flow.small import RECIPE, rantau, write_project

ROWS = [{"prompt": f"Tanya nomor {i}?", "completion": f"Jawaban nomor {i}."} for i in range(30)]


def broken_line(folder: Path) -> None:
    lines = [json.dumps(row) for row in ROWS]
    lines[11] = lines[11][:-5]
    (folder / "talks.jsonl").write_text("\n".join(lines))


def empty_answer(folder: Path) -> None:
    (folder / "talks.jsonl").write_text(
        "\n".join(json.dumps(r) for r in [*ROWS, {"prompt": "a", "completion": ""}])
    )


def null_answer(folder: Path) -> None:
    (folder / "talks.jsonl").write_text(
        "\n".join(json.dumps(r) for r in [*ROWS, {"prompt": "a", "completion": None}])
    )


def missing_column(folder: Path) -> None:
    (folder / "talks.jsonl").write_text("\n".join(json.dumps({"prompt": "a", "completio": "b"}) for _ in ROWS))


def not_utf8(folder: Path) -> None:
    (folder / "talks.jsonl").write_bytes('{"prompt": "caf\u00e9", "completion": "x"}'.encode("latin-1"))


def folder_instead(folder: Path) -> None:
    (folder / "talks.jsonl").unlink()
    (folder / "talks.jsonl").mkdir()


def truncated_parquet(folder: Path) -> None:
    path = folder / "talks.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    path.write_bytes(path.read_bytes()[:-40])
    recipe = folder / "small.yaml"
    recipe.write_text(recipe.read_text().replace("talks.jsonl", "talks.parquet"))


CASES: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: (f / "talks.jsonl").unlink(), "no such file"),
    (lambda f: (f / "talks.jsonl").write_text(""), "empty"),
    (folder_instead, "talks.jsonl"),
    (not_utf8, "UTF-8"),
    (truncated_parquet, "talks.parquet"),
    (broken_line, "line 12"),
    (missing_column, "completion"),
    (empty_answer, "empty"),
    (null_answer, "line 31"),
]


@pytest.mark.parametrize(("spoil", "words"), CASES)
def test_bad_source(tiny_base: Path, tmp_path: Path, spoil: Callable[[Path], object], words: str) -> None:
    recipe = write_project(tmp_path, tiny_base, rows=40)
    (tmp_path / "talks.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    recipe.write_text(recipe.read_text().replace("on_bad_row: drop", "on_bad_row: error"))
    spoil(tmp_path)
    result = rantau("run", recipe, "--quiet", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert words in result.stderr and "talks" in result.stderr
    assert "Traceback" not in result.stderr and len(result.stderr.splitlines()) <= 3, result.stderr
    assert not list(tmp_path.glob("store/*/*/manifest.json"))


def test_two_mistakes_in_a_recipe(tmp_path: Path) -> None:
    text = RECIPE.format(base="none").replace("rank: 4", "rnk: 4").replace("resamples: 200", "resamples: 2")
    (tmp_path / "small.yaml").write_text(text)
    result = rantau("check", "small.yaml", cwd=tmp_path)
    assert result.returncode == 2
    assert "unknown key adapter.rnk. Did you mean rank?" in result.stderr
    assert "evaluation.resamples" in result.stderr and "200" in result.stderr


def test_unknown_base_and_unknown_language(tiny_base: Path, tmp_path: Path) -> None:
    write_project(tmp_path, tiny_base, rows=40)
    result = rantau("check", "small.yaml", "--set", "model.base=./nowhere", cwd=tmp_path)
    assert result.returncode in (1, 2) and "nowhere" in result.stderr and "Traceback" not in result.stderr
    result = rantau("check", "small.yaml", "--set", "language.target=idn", cwd=tmp_path)
    assert result.returncode == 2 and "ind" in result.stderr


def test_base_without_a_chat_template_gets_chatml(tiny_base: Path, tmp_path: Path) -> None:
    base = tmp_path / "plain-base"
    shutil.copytree(tiny_base, base)
    (base / "chat_template.jinja").unlink(missing_ok=True)
    settings = base / "tokenizer_config.json"
    values = json.loads(settings.read_text())
    values.pop("chat_template", None)
    settings.write_text(json.dumps(values))
    write_project(tmp_path, base, rows=60)
    result = rantau("run", "small.yaml", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "chatml" in (tmp_path / "runs/small/report.html").read_text().lower()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_full_disk(tiny_base: Path, tmp_path: Path) -> None:
    store = tmp_path / "disk"
    store.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(store)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this system does not allow mounting a tmpfs")
    try:
        write_project(tmp_path, tiny_base, rows=4000)
        result = rantau("run", "small.yaml", "--store", "disk", "--quiet", cwd=tmp_path)
        assert result.returncode == 1, result.stderr
        assert "the disk is full" in result.stderr and "Traceback" not in result.stderr
        assert not list(store.glob("*/*/manifest.json"))
    finally:
        subprocess.run(["umount", str(store)], check=True)
