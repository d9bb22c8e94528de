import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import MeasureError
from rantau.stages.evaluation.texts import cut_to_bytes, draw_pieces
from tests.stages.evaluation.fakes import dialogue, document


@given(st.text(max_size=60), st.integers(0, 80))
def test_a_cut_is_a_beginning_that_fits(text: str, max_bytes: int) -> None:
    cut = cut_to_bytes(text, max_bytes)
    assert text.startswith(cut)
    assert len(cut.encode()) <= max(max_bytes, 0)
    rest = text[len(cut) :]
    assert not rest or not unicodedata.combining(rest[0])


def test_a_cut_takes_all_that_fits() -> None:
    assert cut_to_bytes("서울은", 8) == "서울"
    assert cut_to_bytes("abc", 3) == "abc"
    assert cut_to_bytes("abc", 2) == "ab"


def test_a_cut_does_not_part_a_letter_from_its_marks() -> None:
    text = "ab" + "q\N{COMBINING TILDE}\N{COMBINING DOT BELOW}"  # no composed form: stays three characters in NFC
    assert cut_to_bytes(text, 5) == "ab"
    assert cut_to_bytes(text, 7) == text


def test_pieces_are_nfc_and_count_each_content_once() -> None:
    decomposed = unicodedata.normalize("NFD", "Wé tangi ing Sundané.")
    documents = [
        document(1, decomposed),
        document(2, "Wé tangi ing Sundané."),
        document(3, "Lain."),
        document(4, " "),
    ]
    pieces = draw_pieces(documents, text="t", max_documents=9, max_bytes=60, seed=1)
    assert sorted(p.content for p in pieces) == ["Lain.", "Wé tangi ing Sundané."]


def test_a_dialogue_counts_as_its_turns() -> None:
    documents = [dialogue(1, "Apa?", "Nasi."), dialogue(2, "Siapa?", "Ibu.")]
    pieces = draw_pieces(documents, text="t", max_documents=9, max_bytes=60, seed=1)
    assert sorted(p.content for p in pieces) == ["Apa?\nNasi.", "Siapa?\nIbu."]


def test_one_document_is_refused() -> None:
    with pytest.raises(MeasureError, match=r"evaluation\.texts\.berita: 1 of 2 held-out documents"):
        draw_pieces([document(1, "a"), document(2, "")], text="berita", max_documents=9, max_bytes=60, seed=1)
