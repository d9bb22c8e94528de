import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import DataError, MeasureError
from rantau.recipe import HeldOutText
from rantau.records import Dialogue, Message
from rantau.stages.evaluation.likelihood.answer_texts import answers_of, cut_answers
from rantau.stages.evaluation.likelihood.cuts import cut_to_bytes
from rantau.stages.evaluation.likelihood.domains import domains_of
from rantau.stages.evaluation.likelihood.marked import Marked
from rantau.stages.evaluation.likelihood.texts import draw_pieces
from tests.stages.evaluation.fakes import dialogue, document

TEXT = HeldOutText(name="berita", source="berita", max_documents=9, max_bytes=60)


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
    pieces, _ = draw_pieces(documents, TEXT, seed=1)
    assert sorted(p.content for p in pieces) == ["Lain.", "Wé tangi ing Sundané."]


def test_a_dialogue_counts_as_its_turns() -> None:
    documents = [dialogue(1, "Apa?", "Nasi."), dialogue(2, "Siapa?", "Ibu.")]
    pieces, _ = draw_pieces(documents, TEXT, seed=1)
    assert sorted(p.content for p in pieces) == ["Apa?\nNasi.", "Siapa?\nIbu."]


def test_one_document_is_refused() -> None:
    with pytest.raises(MeasureError, match=r"evaluation\.texts\.berita: 1 of 2 held-out documents"):
        draw_pieces([document(1, "a"), document(2, "")], TEXT, seed=1)


def test_of_dialogues_the_answers_alone_are_scored() -> None:
    documents = [dialogue(1, "Apa?", "Nasi."), dialogue(2, "Apa?", "Roti."), dialogue(3, "Siapa?", "Nasi.")]
    seen: list[Dialogue] = []

    def mark(talk: Dialogue) -> Marked:
        seen.append(talk)
        return Marked((0, 1), (False, True))

    pieces, dropped = draw_pieces(documents, TEXT.model_copy(update={"scored": "answers"}), seed=1, mark=mark)
    assert sorted(p.content for p in pieces) == ["Nasi.", "Nasi.", "Roti."]  # after another prompt: another piece
    assert {p.n_bytes for p in pieces} == {5}
    assert [len(talk.messages) for talk in seen] == [2, 2, 2] and not dropped


def test_what_the_template_refuses_is_dropped_with_its_reason() -> None:
    def mark(talk: Dialogue) -> Marked:
        if "Roti" in talk.answer:
            raise DataError("no bread")
        return Marked((0, 1), (False, True))

    documents = [dialogue(i, f"Apa {i}?", "Roti." if i == 2 else f"Nasi {i}.") for i in range(4)]
    pieces, dropped = draw_pieces(documents, TEXT, seed=1, mark=mark)
    assert len(pieces) == 3
    assert [(d.id, d.reason) for d in dropped] == [("tanya:0002", "no bread")]


def test_answers_are_cut_where_their_bytes_are_used_up() -> None:
    turns = [
        ("user", "a?"),
        ("assistant", "서울은 "),
        ("user", "b?"),
        ("assistant", "수도"),
        ("user", "c?"),
        ("assistant", "x"),
    ]
    talk = Dialogue(tuple(Message("user" if r == "user" else "assistant", c) for r, c in turns))
    whole, two, one = (cut_answers(talk, n) for n in (17, 13, 9))
    assert whole and [m.content for m in whole.messages] == ["a?", "서울은", "b?", "수도", "c?", "x"]
    assert two and [m.content for m in two.messages] == ["a?", "서울은", "b?", "수"]
    assert one and [m.content for m in one.messages] == ["a?", "서울은"]
    assert cut_answers(talk, 2) is None
    assert answers_of(whole) == "서울은수도x"


def test_a_column_parts_a_text_into_domains() -> None:
    text = TEXT.model_copy(update={"by": "subset_name"})
    documents = [dialogue(i, f"Apa {i}?", "Nasi.", subset=("kisah", "resep", "")[i % 3]) for i in range(7)]
    pieces, _ = draw_pieces(documents, text, seed=1)
    assert sorted(str(p.domain) for p in pieces) == ["(none)"] * 2 + ["kisah"] * 3 + ["resep"] * 2
    assert domains_of(text, [p.domain for p in pieces]) == ["kisah", "(none)", "resep"]
    with pytest.raises(MeasureError, match=r"has no column 'kota'\. It has subset_name\."):
        draw_pieces(documents, TEXT.model_copy(update={"by": "kota"}), seed=1)
    with pytest.raises(MeasureError, match="subset_name has 41 values among 41 documents"):
        domains_of(text, [str(n) for n in range(41)])
