"""rantau export: one run, every form, every way out."""

import errno
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rantau import files
from rantau.cli.export import command
from rantau.errors import MachineError, RecipeError, SourceError
from rantau.stages.export import archive, parcel
from rantau.stages.export.archive import check_zip
from rantau.stages.export.gguf import kinds, write
from tests.stages.export.services import Hub, Taken, hub_service, served, upload_service
from tests.stages.export.small_models import build


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """runs/tiny with a bundle and a merged model, as a finished run leaves them."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    exported = folder / "stages" / "export"
    build(exported / "merged", "llama")
    files.write_text(exported / "bundle" / "README.md", "---\nlicense: mit\n---\n# Kartu\n")
    files.write_text(exported / "bundle" / "adapter_config.json", "{}")
    recipe = {"name": "tiny", "formatting": {"system_prompt": "Jawab singkat."}}
    files.write_json(folder / "run.json", {"recipe": recipe, "stages": []})
    return folder.parent


def export(runs: Path, *arguments: object) -> Result:
    given = ["tiny", "--quiet", "--runs", str(runs), *map(str, arguments)]
    return CliRunner().invoke(command, given, catch_exceptions=False)


def test_the_bundle_goes_to_a_folder_or_a_zip(runs: Path, tmp_path: Path) -> None:
    assert export(runs, "--to", tmp_path / "a" / "bundle").output.strip() == str(tmp_path / "a" / "bundle")
    there = runs / "tiny" / "stages" / "export" / "bundle"
    assert files.sha256_folder(tmp_path / "a" / "bundle") == files.sha256_folder(there)
    export(runs, "--to", tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.namelist() == ["b/README.md", "b/adapter_config.json", "manifest.json"]
    with pytest.raises(RecipeError, match=r"b\.zip: exists already"):
        export(runs, "--to", tmp_path / "b.zip")


def test_a_form_that_the_recipe_did_not_ask_for_is_made(runs: Path, tmp_path: Path) -> None:
    export(runs, "--gguf", "q8_0", "--to", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "Modelfile",
        "agreement.json",
        "tiny-q8_0.gguf",
    ]
    assert 'SYSTEM """Jawab singkat."""' in (tmp_path / "out" / "Modelfile").read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["out"], "no scratch is left"


def test_a_form_that_the_run_has_is_taken(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = runs / "tiny" / "stages" / "export" / "gguf"
    files.write_text(made / "tiny-f16.gguf", "dari resep")
    try:
        export(runs, "--gguf", "f16", "--to", tmp_path / "out")
    finally:
        (made / "tiny-f16.gguf").unlink()
        made.rmdir()
    assert (tmp_path / "out" / "tiny-f16.gguf").read_text() == "dari resep"


def test_ctranslate2_is_made(runs: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2", reason="pip install 'rantau[ctranslate2]'")
    export(runs, "--ctranslate2", "--to", tmp_path / "out")
    assert {"model.bin", "tokenizer.json", "vocabulary.json"} <= {p.name for p in (tmp_path / "out").iterdir()}


def test_several_forms_lie_in_a_folder_each(runs: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2", reason="pip install 'rantau[ctranslate2]'")
    export(runs, "--merged", "--gguf", "q8_0", "--ctranslate2", "--to", tmp_path / "x.zip")
    assert check_zip(tmp_path / "x.zip") > 8
    with zipfile.ZipFile(tmp_path / "x.zip") as whole:
        names = set(whole.namelist())
    assert {"x/merged/model.safetensors", "x/gguf/tiny-q8_0.gguf", "x/ctranslate2/model.bin"} <= names
    export(runs, "--merged", "--gguf", "f16", "--to", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["gguf", "merged"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "x.zip"], "no scratch is left"


@pytest.mark.parametrize("arguments", [["--to", "x.zip"], ["--to", "x"], ["--gguf", "f16", "--to", "x"]], ids=str)
def test_a_full_disk_is_told_as_the_place_that_was_named(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for place, name in ((archive, "_copy"), (parcel.shutil, "copytree"), (write, "_write")):
        monkeypatch.setattr(place, name, full)
    *rest, target = arguments
    with pytest.raises(
        MachineError, match=rf"--to .*{target}: the disk is full\. Nothing was left there\. Name a"
    ):
        export(runs, *rest, tmp_path / target)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("x")
    for target in ("berkas/x", "berkas/x.zip"):
        with pytest.raises(MachineError, match=rf"--to .*{target}: cannot be written"):
            export(runs, "--to", tmp_path / target)


def test_a_file_is_uploaded_and_its_hash_is_told(runs: Path, tmp_path: Path) -> None:
    taken = Taken()
    with served(upload_service(taken)) as url:
        said = export(runs, "--upload", url, "--form", "reqtype=fileupload", "--header", "X-Key: kunci").output
        export(runs, "--upload", f"{url}/bucket/m.gguf?sig=RAHASIA", "--gguf", "f16")
    assert said.startswith("https://files.example/abc123.zip (tiny-bundle.zip, ")
    (name, data), (put, weights) = taken.files.items()
    assert name == "fileToUpload:tiny-bundle.zip" and put == "/bucket/m.gguf" and weights[:4] == b"GGUF"
    (tmp_path / "x.zip").write_bytes(data)
    assert f"sha256 {files.sha256_file(tmp_path / 'x.zip')}" in said
    assert taken.fields == {"reqtype": "fileupload"} and taken.requests[0][2]["X-Key"] == "kunci"


@pytest.mark.parametrize(("flag", "file"), [("--merged", "model.safetensors"), ("--gguf=q8_0", "tiny-q8_0.gguf")])
def test_a_model_is_pushed_with_its_card(
    runs: Path, monkeypatch: pytest.MonkeyPatch, flag: str, file: str
) -> None:
    pytest.importorskip("huggingface_hub", reason="pip install 'rantau[hub]'")
    hub = Hub()
    with served(hub_service(hub)) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_TOKEN", hub.token)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        said = export(runs, flag, "--push", "rina/tiny", "--private").output
    there = hub.repositories["rina/tiny"]
    assert there["private"] and file in there["files"] and b"# Kartu" in there["files"]["README.md"]
    assert "/rina/tiny (created, " in said and hub.token not in said


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([], RecipeError, "where to"),
        (["--merged", "--gguf", "f16", "--push", "rina/x"], RecipeError, "holds one form, not merged and gguf"),
        (["--private", "--to", "x"], RecipeError, "is for --push"),
        (["--to", "x", "--method", "auto"], RecipeError, "--method: is for --upload URL"),
        (["--to", "x", "--header", "A: b"], RecipeError, "--header: is for --upload URL"),
        (["--push", "rina"], RecipeError, "written USER/NAME"),
        (["--upload", "files.example"], RecipeError, "no http or https address"),
        (
            ["--upload", "https://h/x", "--header", "Rahasia"],
            RecipeError,
            r"^--header: is written NAME: VALUE\.$",
        ),
    ],
)
def test_requests_that_cannot_be_met_are_refused_at_once(
    runs: Path, tmp_path: Path, arguments: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        export(runs, *arguments)


def test_what_is_lacking_is_named(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "llama_cpp_installed", lambda: False)
    with pytest.raises(MachineError, match="made by llama"):
        export(runs, "--gguf", "q4_k_m", "--to", tmp_path / "x")
    files.write_json(tmp_path / "runs" / "tiny" / "run.json", {"recipe": {}, "stages": []})
    with pytest.raises(SourceError, match=r"the run has no merged model\. Set export\.merged: true"):
        export(tmp_path / "runs", "--gguf", "q8_0", "--to", tmp_path / "x")
    with pytest.raises(SourceError, match=r"the run has no bundle\. Finish it first"):
        export(tmp_path / "runs", "--to", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_help_does_not_wait_for_torch(tmp_path: Path) -> None:
    code = "import sys; from rantau.cli.export import command; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
