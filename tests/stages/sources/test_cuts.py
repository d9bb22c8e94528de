"""Large files in pieces: the same rows with the same addresses, and the same bytes for any number of workers."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rantau import files
from rantau.files import parquet
from rantau.stages.sources import cuts, stage
from rantau.stages.sources.cuts import cuts_of
from rantau.stages.sources.readers import read_rows
from tests.stages.sources.given import gather, recipe

GOOD = b'{"text": "Satu baris."}'
LINES = st.lists(st.sampled_from([GOOD, b"", b"  ", b"{", b'{"text": "Pagi \xff"}', b"[]"]), max_size=40)


@given(LINES, st.integers(1, 9), st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_in_cuts_are_the_lines(tmp_path: Path, lines: list[bytes], rows: int, ended: bool) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([*lines, GOOD]) + b"\n" * ended)
    whole = [row for cut in cuts_of(path) for row in read_rows("a.jsonl", path, cut)]
    found = list(cuts_of(path, rows=rows))
    assert [row for cut in found for row in read_rows("a.jsonl", path, cut)] == whole
    assert [row.number for row in whole] == [n for n, x in enumerate([*lines, GOOD], start=1) if x.strip()]
    assert [row.ordinal for row in whole] == list(range(1, len(whole) + 1))
    assert (found[0].start, found[-1].stop) == (0, path.stat().st_size)


@pytest.mark.parametrize("group_rows", [7, 1_000, 25_000])
def test_rows_of_parquet_in_cuts_are_the_rows(tmp_path: Path, group_rows: int) -> None:
    """Groups smaller and larger than a cut, and larger than a batch of the reader."""
    path, n = tmp_path / "a.parquet", 10_000
    pq.write_table(pa.table({"text": [f"Baris {i}." for i in range(n)]}), path, row_group_size=group_rows)
    rows = [row for cut in cuts_of(path, rows=3_000) for row in read_rows("a.parquet", path, cut)]
    assert [(row.number, row.ordinal, row.values["text"]) for row in rows] == [
        (i + 1, i + 1, f"Baris {i}.") for i in range(n)
    ]


def jsonl_of(path: Path) -> None:
    path.write_text("".join(json.dumps({"text": f"Baris {i % 90}." if i % 7 else ""}) + "\n" for i in range(100)))


def csv_of(path: Path) -> None:
    path.write_text("text\n" + "".join(f"Baris {i}.\n" for i in range(100)))


@pytest.mark.parametrize(("name", "write"), [("a.jsonl", jsonl_of), ("a.csv", csv_of)])
def test_bytes_are_equal_for_any_cut_and_any_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    asked = recipe(
        {
            "name": "a",
            "path": name,
            "shape": "text",
            "on_bad_row": "drop",
            "holdout": {"share": 0.3, "by": "block", "block_rows": 8},
        }
    )
    whole = gather(asked, tmp_path, tmp_path / "whole")
    monkeypatch.setattr(stage, "ONE_PROCESS_BYTES", 0)
    monkeypatch.setattr(cuts.cuts_of, "__kwdefaults__", {"rows": 9})
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 4)
    for workers in (1, 2):
        out = tmp_path / str(workers)
        assert gather(asked, tmp_path, out, workers=workers) == whole
        for part in ("counts.json", "dropped.jsonl"):
            assert (out / part).read_bytes() == (tmp_path / "whole" / part).read_bytes()
        for side in ("documents", "heldout"):
            assert list(files.read_parquet(out / side / "a.parquet")) == list(
                files.read_parquet(tmp_path / "whole" / side / "a.parquet")
            )
    assert files.sha256_folder(tmp_path / "1") == files.sha256_folder(tmp_path / "2")
    assert whole.rows == 100
    assert whole.heldout > 0


def test_joined_parts_are_the_bytes_of_one_file(tmp_path: Path) -> None:
    schema = pa.schema([("text", pa.string())])
    rows = [{"text": f"Baris {i}."} for i in range(files.ROWS_PER_GROUP + 50)]
    files.write_parquet(tmp_path / "whole.parquet", rows, schema)
    for n, part in enumerate((rows[:10], [], rows[10:4_000], rows[4_000:])):
        files.write_parquet(tmp_path / f"{n}.parquet", part, schema)
    assert files.join_parquet(
        tmp_path / "joined.parquet", [tmp_path / f"{n}.parquet" for n in range(4)], schema
    ) == len(rows)
    assert (tmp_path / "joined.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
