"""The hub's own client, pointed at a hub of ours: files arrive whole, refusals are told, the token never is."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from rantau import files
from rantau.errors import MachineError, RecipeError, RequestError, SourceError
from rantau.run.progress import Progress
from rantau.stages.export.push import Pushed, check_repository, push
from tests.stages.export.services import Hub, hub_service, served

pytest.importorskip("huggingface_hub", reason="pip install 'rantau[hub]'")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    found = Hub()
    with served(hub_service(found)) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_TOKEN", found.token)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield found


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    files.write_text(folder / "README.md", "---\nbase_model: package:a/b.gguf\nlicense: mit\n---\n# Kartu\n")
    files.write_text(folder / "adapter_config.json", "{}")
    files.write_text(folder / "dalam" / "catatan.txt", "ya\n")
    (folder / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 5000)
    return folder


def send(
    bundle: Path, name: str = "rina/adapter", *, private: bool = False, said: io.StringIO | None = None
) -> Pushed:
    progress = Progress(said) if said is not None else Progress(quiet=True)
    return push(bundle, name, bundle / "README.md", "bundle", private=private, progress=progress)


def test_files_arrive_whole_in_one_commit(hub: Hub, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = io.StringIO()
    done = send(bundle, said=said)
    there = hub.repositories["rina/adapter"]
    assert set(there["files"]) == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "dalam/catatan.txt"
    }  # fmt: skip
    for name in set(there["files"]) - {"README.md"}:
        assert there["files"][name] == (bundle / name).read_bytes()
    assert there["files"]["README.md"].decode() == "---\nlicense: mit\n---\n# Kartu\n"
    assert "base_model package:a/b.gguf is no id of a hub" in said.getvalue()
    assert "no licence link" in said.getvalue(), "the hub's warnings are passed on"
    assert done.created and done.n_files == 4 and done.commit == "a" * 40
    assert done.url.endswith("/rina/adapter") and len(hub.commits) == 1
    assert hub.token not in said.getvalue() + "".join(capsys.readouterr())


def test_private_means_private(hub: Hub, bundle: Path) -> None:
    send(bundle, "rina/rahasia", private=True)
    assert hub.repositories["rina/rahasia"]["private"] is True
    hub.add("rina/umum", private=False)
    with pytest.raises(RequestError, match="is there already, and public; --private would not hide it"):
        send(bundle, "rina/umum", private=True)
    assert hub.repositories["rina/umum"]["files"] == {}


def test_a_repository_that_is_there_is_updated(hub: Hub, bundle: Path) -> None:
    hub.add("rina/adapter", private=False)
    hub.repositories["rina/adapter"]["files"]["lama.txt"] = b"tetap"
    done = send(bundle)
    assert not done.created and hub.repositories["rina/adapter"]["files"]["lama.txt"] == b"tetap"
    assert len(hub.repositories["rina/adapter"]["files"]) == 5


def test_a_refused_token_is_told_and_not_shown(hub: Hub, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_salahsalahsalah")
    with pytest.raises(RequestError, match=r"the hub answers 401 .*set HF_TOKEN to one that may write") as caught:
        send(bundle)
    assert "hf_salah" not in str(caught.value) and hub.repositories == {}
    monkeypatch.setenv("HF_TOKEN", "")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(RequestError, match=r"no token\. Set HF_TOKEN, or log in once"):
        check_repository("rina/adapter")


def test_missing_rights_and_a_bad_card_are_told(hub: Hub, bundle: Path) -> None:
    hub.refuse = "orang/lain"
    with pytest.raises(RequestError, match=r"the hub answers 403 .*may not write there"):
        send(bundle, "orang/lain")
    hub.bad_card = '"license" must be one of [apache-2.0, mit]'
    with pytest.raises(RequestError, match='"license" must be one of'):
        send(bundle)
    assert hub.repositories["rina/adapter"]["files"] == {} and not hub.objects


def test_a_hub_that_does_not_answer_is_told(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_rahasia")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(MachineError, match="Try again"):
        send(bundle)


def test_what_cannot_be_pushed_is_refused_first(hub: Hub, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("adapter", "a/b/c", "a/b c", "/b", "a/..", "a--b/c"):
        with pytest.raises(RecipeError, match="is written USER/NAME"):
            check_repository(name)
    with pytest.raises(SourceError, match=r"kartu\.md: no such file"):
        push(bundle, "rina/x", bundle / "kartu.md", "bundle", private=False, progress=Progress(quiet=True))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MachineError, match="HF_HUB_OFFLINE is set"):
        send(bundle)
    assert hub.calls == []
