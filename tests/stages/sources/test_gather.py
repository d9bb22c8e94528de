"""The stage: what it writes, that it adds up, and that two runs write the same bytes."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rantau import files
from rantau.errors import DataError
from rantau.records import Document
from rantau.stages.sources.stage import fingerprint, peek
from tests.stages.sources.given import gather, jsonl, recipe, source

LINES = st.lists(
    st.sampled_from(
        [
            '{"text": "Satu baris."}',
            '{"text": "Dua baris."}',
            '{"text": ""}',
            "{",
            "[]",
            "",
            '{"text": null}',
            "  ",
        ]
    ),
    min_size=1,
    max_size=30,
)


def documents(folder: Path, side: str, name: str) -> list[Document]:
    return [Document.from_row(r) for r in files.read_parquet(folder / side / f"{name}.parquet")]


@given(LINES, st.floats(0, 1), st.integers(0, 9))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_in_are_rows_kept_and_rows_dropped(tmp_path: Path, lines: list[str], share: float, seed: int) -> None:
    good = '{"text": "Baris yang selalu ada."}'
    (tmp_path / "a.jsonl").write_text("\n".join([good, *lines]))
    asked = recipe(
        {"name": "a", "path": "a.jsonl", "shape": "text", "on_bad_row": "drop", "holdout": {"share": share}},
        seed=seed,
    )
    result = gather(asked, tmp_path, tmp_path / "out")
    counts = json.loads((tmp_path / "out" / "counts.json").read_text())["a"]
    written = [json.loads(x) for x in (tmp_path / "out" / "dropped.jsonl").read_text().splitlines()]
    train, heldout = documents(tmp_path / "out", "documents", "a"), documents(tmp_path / "out", "heldout", "a")
    n_rows = 1 + sum(bool(line.strip()) for line in lines)
    assert result.rows == counts["rows"] == n_rows == len(train) + len(heldout) + len(written)
    assert (counts["train"], counts["heldout"]) == (len(train), len(heldout))
    assert sum(counts["dropped"].values()) == len(written)
    assert not {d.text for d in train} & {d.text for d in heldout}
    assert sorted([d.row for d in train + heldout] + [d["row"] for d in written]) == [
        n for n, line in enumerate([good, *lines], start=1) if line.strip()
    ]


def test_two_runs_write_the_same_bytes_whatever_lies_there(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"input": f"Tanya {i}?", "output": f"Jawab {i}."} for i in range(50)])
    asked = recipe({"name": "a", "path": "a.jsonl", "holdout": {"share": 0.3}})
    gather(asked, tmp_path, tmp_path / "one")
    (tmp_path / "two" / "documents").mkdir(parents=True)
    (tmp_path / "two" / "documents" / "a.parquet").write_bytes(b"left by a killed run")
    gather(asked, tmp_path, tmp_path / "two")
    assert files.sha256_folder(tmp_path / "one") == files.sha256_folder(tmp_path / "two")


def test_added_rows_move_no_other_row(tmp_path: Path) -> None:
    rows = [{"text": f"Kalimat nomor {i}."} for i in range(60)]
    sides = []
    for n in (40, 60):
        jsonl(tmp_path / "a.jsonl", [{"text": "Baris baru."}] * (n == 60) + rows[:n])
        gather(recipe({"name": "a", "path": "a.jsonl", "holdout": {"share": 0.3}}), tmp_path, tmp_path / str(n))
        sides.append({d.text for d in documents(tmp_path / str(n), "heldout", "a")})
    known = {row["text"] for row in rows[:40]}
    assert sides[0] and sides[0] == sides[1] & known


def test_a_bad_row_stops_the_stage_with_its_address(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"input": "a", "output": "b"}, {"input": "a", "output": ""}])
    with pytest.raises(DataError, match=r'a\.jsonl line 2: "output" is empty\. Mend it, or set on_bad_row: drop'):
        gather(recipe({"name": "a", "path": "a.jsonl"}), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / "counts.json").exists()


def test_licence_and_origin_travel_along(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"text": "Halo."}])
    asked = recipe({"name": "a", "path": "a.jsonl", "license": "MIT", "holdout": {"share": 0}})
    gather(asked, tmp_path, tmp_path / "out")
    (document,) = documents(tmp_path / "out", "documents", "a")
    assert (document.id, document.license, document.origin) == ("a:1", "MIT", "a.jsonl")
    counts = json.loads((tmp_path / "out" / "counts.json").read_text())["a"]
    assert (counts["license"], counts["origin"], counts["bytes_train"]) == ("MIT", "a.jsonl", 5)


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"text": "Halo."}])
    asked = recipe({"name": "a", "path": "a.jsonl"})
    before = fingerprint(asked, tmp_path)
    assert fingerprint(asked, tmp_path) == before
    jsonl(tmp_path / "a.jsonl", [{"text": "Hai."}])
    assert fingerprint(asked, tmp_path) != before


def test_peek_shows_the_first_documents(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"text": t} for t in ("satu", "", "dua", "tiga", "empat")])
    assert [d.text for d in peek(source("a.jsonl", on_bad_row="drop"), tmp_path, 3)] == ["satu", "dua", "tiga"]
