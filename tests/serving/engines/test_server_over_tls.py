"""A server behind TLS: its certificate is verified, always; it leads nowhere else, and does not go on for ever."""

import shutil
import ssl
import threading
from pathlib import Path

import pytest

from rantau.errors import RequestError, ServingError
from rantau.serving.engines.openai import OpenAIEngine
from rantau.serving.engines.openai.build import served_names
from rantau.serving.engines.openai.connection import Address, Broken, Limits, Stream, Untrusted
from rantau.serving.engines.openai.requests import Served
from rantau.serving.engines.reading import Reader
from tests.certificates import make_certificate
from tests.serving.engines.asking import hear, job
from tests.serving.engines.server import Behaviour, serving
from tests.serving.engines.test_openai_engine import ended

SUBJECTS = {"here": "IP:127.0.0.1", "elsewhere": "DNS:model.example"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NAME.pem signs for itself alone, NAME.key is its key."""
    if shutil.which("openssl") is None:
        pytest.skip("the program openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    for name, subject in SUBJECTS.items():
        make_certificate(folder, name, subject)
    return folder


def tls(certificates: Path, name: str = "here") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


@pytest.fixture
def behaviour(reader: Reader) -> Behaviour:
    return Behaviour([5, 6, 7], lambda ids: "a" * len(ids), stop=sorted(reader.stops)[0])


def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificates: Path, behaviour: Behaviour, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an environment asks to look away; and the key is not sent."""
    for name in ("PYTHONHTTPSVERIFY", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "0" if name.startswith("PYTHON") else "")
    with serving(behaviour, tls(certificates)) as url:
        address = Address.of(url, "a-key")
        with pytest.raises(Untrusted, match=r"certificate is not trusted \(self.signed.*--option ca=FILE") as told:
            served_names(address)
        assert isinstance(told.value, RequestError)  # no restart mends it
        engine = OpenAIEngine(address, {"lively": (Served("adapted"), reader)})
        engine.submit("g", job("halo"), [])
        assert ended(engine) == ("error", "server_untrusted")
        engine.close()
    assert behaviour.headers == [] and behaviour.bodies == []


@pytest.mark.parametrize("way", ["option", "environment"])
def test_an_authority_of_ones_own_is_let_in(
    certificates: Path, behaviour: Behaviour, reader: Reader, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    ca = str(certificates / "here.pem")
    if way == "environment":
        monkeypatch.setenv("SSL_CERT_FILE", ca)
    with serving(behaviour, tls(certificates)) as url:
        address = Address.of(url, "a-key", ca if way == "option" else "")
        assert served_names(address)[:2] == ["adapted", "base"]
        engine = OpenAIEngine(address, {"lively": (Served("adapted"), reader)})
        engine.submit("g", job("halo"), [])
        assert hear(engine, {"g"})["g"].ids == [5, 6, 7]
        engine.close()
    assert {head["Authorization"] for head in behaviour.headers} == {"Bearer a-key"}


def test_a_certificate_of_another_host_is_refused(certificates: Path, behaviour: Behaviour) -> None:
    told = pytest.raises(Untrusted, match=r"not valid for '127\.0\.0\.1'")
    with serving(behaviour, tls(certificates, "elsewhere")) as url, told:
        served_names(Address.of(url, ca=str(certificates / "elsewhere.pem")))
    assert behaviour.headers == []


def test_a_file_that_is_no_certificate_is_told(certificates: Path, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for url, ca, words in (
        ("https://h", str(tmp_path / "none.pem"), "holds no certificate"),
        ("https://h", str(tmp_path / "not there"), "takes the file of an authority"),
        ("http://h", str(certificates / "here.pem"), "for a url with https"),
    ):
        with pytest.raises(RequestError, match=words):
            Address.of(url, ca=ca)


def test_clear_text_to_another_machine_is_said(caplog: pytest.LogCaptureFixture) -> None:
    Address.of("http://127.0.0.1:8000")
    assert not caplog.records
    Address.of("http://gpu.example:8000")
    assert "gpu.example:8000: prompts travel in clear text" in caplog.text


def test_the_list_of_models_leads_nowhere_else(behaviour: Behaviour) -> None:
    other = Behaviour([5], lambda ids: "a")
    with serving(other) as elsewhere, serving(behaviour) as url:
        behaviour.location = f"{elsewhere}/v1/models"
        with pytest.raises(ServingError, match=r"gives no list of models \(HTTP 302"):
            served_names(Address.of(url, "a-key"))
    assert other.headers == [] and len(behaviour.headers) == 1


def test_a_proxy_of_the_environment_sees_no_key(behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Behaviour([5], lambda ids: "a")
    with serving(proxy) as between, serving(behaviour) as url:
        monkeypatch.setenv("http_proxy", between)
        monkeypatch.setenv("no_proxy", "")
        assert "adapted" in served_names(Address.of(url, "a-key"))
    assert proxy.headers == []


def test_a_list_of_models_has_an_end(behaviour: Behaviour) -> None:
    behaviour.list_bytes = 2 << 20
    with serving(behaviour) as url, pytest.raises(ServingError, match="more than 1,048,576 bytes"):
        served_names(Address.of(url))
    behaviour.drips = threading.Event()
    with serving(behaviour) as url:
        with pytest.raises(ServingError, match="takes more than 0 s"):
            served_names(Address.of(url), within_s=0.3)
        behaviour.drips.set()


class Silence(threading.Event):
    """Nothing drips until it is set."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait()


def test_a_silent_server_takes_too_long_whoever_notices_it_first(
    behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that would hang up may still wait for a core when the socket gives up."""
    monkeypatch.setattr(threading.Timer, "run", lambda _: None)
    behaviour.drips = Silence()
    with serving(behaviour) as url:
        with pytest.raises(ServingError, match="takes more than 0 s"):
            served_names(Address.of(url), within_s=0.3)
        behaviour.drips.set()


def test_an_answer_that_comes_byte_by_byte_has_an_end(behaviour: Behaviour) -> None:
    """No line of it is ever whole, and none is silent for long."""
    behaviour.waits = threading.Event()
    with serving(behaviour) as url:
        stream = Stream(Address.of(url), Limits(answer_s=0.5))
        with pytest.raises(Broken, match="takes more than"):
            list(stream.lines("completions", {"prompt": [1], "max_tokens": 9}))
        stream.close()
        behaviour.waits.set()
