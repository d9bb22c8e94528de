"""A file arrives whole at a form service and at a presigned address; what fails is told without secrets."""

import hashlib
import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rantau.errors import MachineError, RecipeError, RequestError
from rantau.run.progress import Progress
from rantau.stages.export import connection
from rantau.stages.export.address import address_in, is_signed, shown
from rantau.stages.export.upload import Sent, Target, upload
from tests.nobody import nobody_there
from tests.stages.export.services import Taken, served, upload_service

SIGNED = "?X-Amz-Date=2026&X-Amz-Signature=GEHEIM"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'paket "satu".zip'
    path.write_bytes(bytes(range(256)) * 1500)
    return path


def send(file: Path, url: str, *, waits: list[float] | None = None, said: Any = None, **options: Any) -> Sent:
    progress = Progress(said) if said is not None else Progress(quiet=True)
    kept = waits if waits is not None else []
    return upload(file, Target(url, **options), progress, wait=kept.append)


def test_a_form_service_gets_file_and_fields_and_says_where(file: Path) -> None:
    taken = Taken()
    with served(upload_service(taken)) as url:
        sent = send(file, f"{url}/user/api.php", form={"reqtype": "fileupload"}, headers={"X-Key": "kunci"})
    assert sent.address == "https://files.example/abc123.zip" and sent.tries == 1
    assert sent.sha256 == hashlib.sha256(file.read_bytes()).hexdigest() and sent.n_bytes == 384_000
    assert taken.fields == {"reqtype": "fileupload"}
    assert taken.files == {"fileToUpload:paket %22satu%22.zip": file.read_bytes()}
    method, path, headers = taken.requests[0]
    assert (method, path, headers["X-Key"]) == ("POST", "/user/api.php", "kunci")
    assert headers["Content-Type"].startswith("multipart/form-data; boundary=")


@pytest.mark.parametrize(
    ("reply", "address"),
    [
        ('{"status": "ok", "data": {"url": "https:\\/\\/files.example\\/x.zip"}}', "https://files.example/x.zip"),
        ("<a href='https://files.example/y.zip'>", "https://files.example/y.zip"),
    ],
)
def test_the_address_is_found_in_what_comes_back(file: Path, reply: str, address: str) -> None:
    taken = Taken(reply=reply)
    with served(upload_service(taken)) as url:
        assert send(file, url, file_field="berkas").address == address
    assert list(taken.files) == ["berkas:paket %22satu%22.zip"]


def test_a_presigned_address_gets_the_plain_bytes(file: Path) -> None:
    taken = Taken()
    with served(upload_service(taken)) as url:
        sent = send(file, f"{url}/bucket/x.zip{SIGNED}")
        assert sent.address == f"{url}/bucket/x.zip"
    assert taken.files == {"/bucket/x.zip": file.read_bytes()}
    method, path, headers = taken.requests[0]
    assert (method, path, headers["Content-Length"]) == ("PUT", f"/bucket/x.zip{SIGNED}", "384000")


@pytest.mark.parametrize("method", ["put", "post"])
def test_a_busy_service_is_asked_again(file: Path, method: str) -> None:
    taken, waits, said = Taken(fails=[503, 429]), [], io.StringIO()  # type: ignore[var-annotated]
    with served(upload_service(taken)) as url:
        sent = send(file, f"{url}/x{SIGNED}", method=method, waits=waits, said=said)
    assert sent.tries == 3 and len(taken.requests) == 3 and list(taken.files.values()) == [file.read_bytes()]
    assert waits == [7.0, 7.0], "the service said after how long"
    assert "503" in said.getvalue() and "GEHEIM" not in said.getvalue()


def test_a_service_that_stays_busy_or_silent_is_given_up(file: Path) -> None:
    taken, waits = Taken(fails=[500] * 9), []  # type: ignore[var-annotated]
    with (
        served(upload_service(taken)) as url,
        pytest.raises(MachineError, match=r"500 .*, 5 times\. Try again later"),
    ):
        send(file, url)
    with nobody_there() as url, pytest.raises(MachineError, match=r"no answer \(.*refused.*\), 5 times"):
        send(file, url, waits=waits)
    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 302])
def test_a_refusal_is_told_at_once_and_without_secrets(file: Path, code: int) -> None:
    taken = Taken(fails=[code])
    with served(upload_service(taken)) as url, pytest.raises(RequestError) as caught:
        send(file, f"{url}/x{SIGNED}", headers={"Authorization": "Bearer RAHASIA"})
    message = str(caught.value)
    assert str(code) in message and f"{url}/x" in message and len(taken.requests) == 1
    assert not any(secret in message for secret in ("X-Amz", "GEHEIM", "RAHASIA"))


def test_a_service_that_thinks_longer_than_it_takes_to_connect_is_waited_for(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 0.2)
    with served(upload_service(Taken(thinks=lambda: time.sleep(0.8)))) as url:
        assert send(file, url).tries == 1
    monkeypatch.setattr(connection, "ANSWER_S", 0.2)
    given_up = threading.Event()
    with served(upload_service(Taken(thinks=given_up.wait))) as url:
        with pytest.raises(MachineError, match=r"no answer \(timed out\), 5 times"):
            send(file, url)
        given_up.set()


def test_a_service_that_names_no_address_is_told(file: Path) -> None:
    with (
        served(upload_service(Taken(reply="thanks"))) as url,
        pytest.raises(RequestError, match="names no address"),
    ):
        send(file, url)


@pytest.mark.parametrize("url", ["ftp://a/b", "catbox.moe", "https://", "http://a:xy/", "http://[::1"])
def test_what_is_no_address_is_refused(file: Path, url: str) -> None:
    with pytest.raises(RecipeError, match="no http or https address"):
        send(file, url)


def test_a_password_before_the_host_is_refused_and_not_shown(file: Path) -> None:
    with pytest.raises(RecipeError, match="--header") as caught:
        send(file, "https://nama:rahasia@files.example/x?y=z")
    assert "rahasia" not in str(caught.value) and "y=z" not in str(caught.value)


def test_addresses() -> None:
    assert shown("https://u:p@h.example:8/a/b?c=d#e") == "https://h.example:8/a/b"
    assert is_signed("https://h/x?sig=a") and is_signed("https://h/x?X-Goog-Signature=")
    assert not is_signed("https://h/x?design=a")
    assert address_in("none") is None and address_in("see https://h/x.") == "https://h/x"
