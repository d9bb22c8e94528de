"""Every kind of file, and what is said about a broken one."""

from pathlib import Path

import pytest

from rantau.errors import DataError, RantauError, SourceError
from tests.stages.sources.given import jsonl, parquet, read

ROWS = [{"text": "Pantai itu sepi."}, {"text": "Hujan turun, lalu reda."}]


def write_each_kind(folder: Path) -> None:
    parquet(folder / "a.parquet", ROWS)
    jsonl(folder / "a.jsonl", ROWS)
    (folder / "a.json").write_text('[{"text": "Pantai itu sepi."}, {"text": "Hujan turun, lalu reda."}]')
    (folder / "b.json").write_text('{"data": [{"text": "Pantai itu sepi."}, {"text": "Hujan turun, lalu reda."}]}')
    (folder / "a.csv").write_text('text,no\nPantai itu sepi.,1\n"Hujan turun, lalu reda.",2\n')
    (folder / "a.txt").write_text("Pantai itu sepi.\n\n\nHujan turun, lalu reda.\n")


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.json", "b.json", "a.csv", "a.txt"])
def test_every_kind_gives_the_same_texts(tmp_path: Path, name: str) -> None:
    write_each_kind(tmp_path)
    documents, dropped = read(tmp_path, name)
    assert [d.text for d in documents] == [row["text"] for row in ROWS]
    assert dropped == []
    assert documents[0].origin == name
    assert (documents[0].language, documents[0].license) == ("ind", "CC0-1.0")


def test_a_folder_is_read_in_name_order_with_unique_ids(tmp_path: Path) -> None:
    (tmp_path / "teks").mkdir()
    write_each_kind(tmp_path / "teks")
    (tmp_path / "teks" / "README.md").write_text("not a source")
    documents, _ = read(tmp_path, "teks")
    assert len(documents) == 12
    assert len({d.id for d in documents}) == 12
    names = [d.origin.removeprefix("teks/") for d in documents[::2]]
    assert names == ["a.csv", "a.json", "a.jsonl", "a.parquet", "a.txt", "b.json"]
    assert documents[-1].id == "puisi:b.json:2"


def test_numbers_are_lines_where_files_have_lines(tmp_path: Path) -> None:
    write_each_kind(tmp_path)
    assert [d.row for d in read(tmp_path, "a.txt")[0]] == [1, 4]
    assert [d.row for d in read(tmp_path, "a.csv")[0]] == [2, 3]
    assert [d.row for d in read(tmp_path, "a.parquet")[0]] == [1, 2]


def test_a_quoted_line_break_keeps_the_line_of_the_next_csv_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text\n"dua\nbaris"\nsatu\n')
    assert [(d.row, d.text) for d in read(tmp_path, "a.csv")[0]] == [(2, "dua\nbaris"), (4, "satu")]


BROKEN = {
    "missing.jsonl": (None, SourceError, "no such file or folder"),
    "empty.jsonl": (b"", SourceError, "empty.jsonl: the file is empty"),
    "blank.jsonl": (b"\n \n", SourceError, "blank.jsonl: the file is empty"),
    "blank.txt": (b"\n \n", SourceError, "the file is empty"),
    "latin.txt": ("Caf\xe9 di Ubud".encode("latin-1"), DataError, "byte 3 is not UTF-8.*iconv -f LATIN1"),
    "latin.csv": ("text\nCaf\xe9\n".encode("latin-1"), DataError, "byte 8 is not UTF-8"),
    "latin.jsonl": (
        '{"text": "Caf\xe9"}\n'.encode("latin-1"),
        DataError,
        "latin.jsonl line 1: byte 13 is not UTF-8",
    ),
    "cut.parquet": (b"PAR1 cut in the middle", DataError, "cut.parquet: not a whole parquet file"),
    "cut.json": (b'[{"text": "a"},', DataError, "cut.json line 1: not JSON"),
    "none.json": (b"[]", SourceError, "the list of rows is empty"),
    "number.json": (b"7", DataError, "needs a list of rows, got int"),
    "other.json": (b'{"texts": []}', DataError, "an object with rows"),
    "header.csv": (b"text,no\n", SourceError, "a header but no row"),
    "twice.csv": (b"text,text\na,b\n", DataError, "two columns have the same name"),
    "quote.csv": (b'text\n"never closed\n', DataError, "quote.csv line 2: not CSV"),
    "page.html": (b"<p>a</p>", SourceError, "unknown kind .html"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("on_bad_row", ["error", "drop"])
def test_a_broken_file_names_itself(tmp_path: Path, name: str, on_bad_row: str) -> None:
    content, error, message = BROKEN[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    if name == "latin.jsonl" and on_bad_row == "drop":
        assert [d.reason for d in read(tmp_path, name, on_bad_row="drop")[1]] == ["not UTF-8"]
        return
    with pytest.raises(error, match=message):
        read(tmp_path, name, on_bad_row=on_bad_row)


def test_truncated_parquet(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", ROWS * 100)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"a\.parquet: not a whole parquet file.*download it again"):
        read(tmp_path, "a.parquet")


def test_a_folder_without_known_files(tmp_path: Path) -> None:
    (tmp_path / "kosong").mkdir()
    with pytest.raises(SourceError, match="kosong: the folder holds no file of a known kind"):
        read(tmp_path, "kosong")


def test_a_near_file_name_is_suggested(tmp_path: Path) -> None:
    jsonl(tmp_path / "pantun.jsonl", ROWS)
    with pytest.raises(SourceError, match=r"Did you mean pantun\.jsonl\?"):
        read(tmp_path, "pantum.jsonl")


BAD_LINES = {
    "broken JSON": ('{"text": "a"', r"a\.jsonl line 2: not JSON .*on_bad_row: drop for the source puisi"),
    "not an object": ("[1, 2]", r"line 2: a row is an object with columns, got list"),
    "empty text": ('{"text": "  "}', r'line 2: "text" is empty'),
    "not a string": ('{"text": 7}', r'line 2: "text" is a number, not a string'),
    "not UTF-8": (r'{"text": "a \ud83d b"}', "line 2: half a character"),
    "missing column text": ('{"teks": "a", "texts": "b"}', r'line 2: no column "text"; did you mean "texts"'),
}


@pytest.mark.parametrize("reason", BAD_LINES)
def test_a_bad_line_is_an_error_or_is_counted_with_its_line(tmp_path: Path, reason: str) -> None:
    line, message = BAD_LINES[reason]
    good = '{"text": "Baris yang baik."}'
    (tmp_path / "a.jsonl").write_text(f"{good}\n{line}\n{good}\n")
    with pytest.raises(DataError, match=message):
        read(tmp_path, "a.jsonl", shape="text")
    documents, dropped = read(tmp_path, "a.jsonl", shape="text", on_bad_row="drop")
    assert [d.row for d in documents] == [1, 3]
    assert [(d.row, d.reason, d.origin, d.id) for d in dropped] == [(2, reason, "a.jsonl", "puisi:2")]


def test_null_text_is_named(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", [{"text": "a"}, {"text": None}])
    with pytest.raises(DataError, match=r'a\.parquet row 2: "text" is null'):
        read(tmp_path, "a.parquet")


def test_a_csv_row_with_too_many_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,no\nHujan turun, lalu reda.,1\n")
    with pytest.raises(DataError, match="line 2: 3 cells under 2 columns; text with a comma needs quotes"):
        read(tmp_path, "a.csv")


def test_a_missing_package_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"not installed. Run: pip install --no-deps no-such-module"):
        read(tmp_path, "package:no_such_module/data/a.txt")
    with pytest.raises(SourceError, match="write package:<module>/<path"):
        read(tmp_path, "package:json")
    with pytest.raises(SourceError, match=r"Did you mean decoder.py"):
        read(tmp_path, "package:json/decodr.py")


def test_a_package_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "berbahaya").mkdir()
    (tmp_path / "berbahaya" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "berbahaya" / "teks.txt").write_text("Halo.")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [d.text for d in read(tmp_path, "package:berbahaya/teks.txt")[0]] == ["Halo."]


def test_all_messages_are_ours(tmp_path: Path) -> None:
    for name, (content, error, _) in BROKEN.items():
        assert issubclass(error, RantauError)
        assert error.exit_code == 2, (name, content)
