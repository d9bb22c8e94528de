"""A zip file says what is in it, and equal folders give equal bytes."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import DataError
from rantau.stages.export.archive import check_zip, write_zip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files.write_text(tmp_path / "model" / "a.txt", "satu\n")
    files.write_text(tmp_path / "model" / "dalam" / "b.txt", "dua\n")
    (tmp_path / "model" / "model.safetensors").write_bytes(bytes(range(256)) * 9000)
    return tmp_path / "model"


def test_it_comes_back_whole_and_names_every_file(folder: Path, tmp_path: Path) -> None:
    write_zip({"paket": folder}, tmp_path / "x.zip")
    assert check_zip(tmp_path / "x.zip") == 3
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        archive.extractall(tmp_path / "out")
    assert files.sha256_folder(tmp_path / "out" / "paket") == files.sha256_folder(folder)
    listing = json.loads((tmp_path / "out" / "manifest.json").read_text())["files"]
    assert [entry["name"] for entry in listing] == ["paket/a.txt", "paket/dalam/b.txt", "paket/model.safetensors"]
    for entry in listing:
        file = tmp_path / "out" / entry["name"]
        assert (entry["bytes"], entry["sha256"]) == (file.stat().st_size, files.sha256_file(file))


def test_dates_and_owners_leave_no_trace(folder: Path, tmp_path: Path) -> None:
    write_zip({"model": folder}, tmp_path / "one.zip")
    os.utime(folder / "a.txt", (1, 1))
    (folder / "a.txt").chmod(0o600)
    write_zip({"model": folder}, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("harm", ["change", "add", "drop", "cut", "no manifest"])
def test_harm_is_found(folder: Path, tmp_path: Path, harm: str) -> None:
    write_zip({"model": folder}, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    if harm == "change":
        content["model/a.txt"] = b"tiga\n"
    elif harm == "add":
        content["model/c.txt"] = b"baru"
    elif harm == "drop":
        del content["model/a.txt"]
    elif harm == "no manifest":
        del content["manifest.json"]
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    if harm == "cut":
        (tmp_path / "y.zip").write_bytes((tmp_path / "x.zip").read_bytes()[:-200])
    with pytest.raises(DataError, match=r"y\.zip"):
        check_zip(tmp_path / "y.zip")


def test_weights_are_stored_as_they_are_and_text_is_packed(folder: Path, tmp_path: Path) -> None:
    write_zip({"satu": folder, "dua": folder}, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        ways = {entry.filename: entry.compress_type for entry in archive.infolist()}
    assert ways["satu/model.safetensors"] == ways["dua/model.safetensors"] == zipfile.ZIP_STORED
    assert ways["satu/a.txt"] == ways["manifest.json"] == zipfile.ZIP_DEFLATED


def test_packed_bytes_that_changed_on_the_way_are_found(folder: Path, tmp_path: Path) -> None:
    files.write_text(folder / "a.txt", "satu dua tiga " * 500)
    write_zip({"model": folder}, tmp_path / "x.zip")
    data = bytearray((tmp_path / "x.zip").read_bytes())
    start = data.index(b"model/a.txt") + len("model/a.txt")
    data[start : start + 40] = bytes(40)
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"x\.zip"):
        check_zip(tmp_path / "x.zip")
