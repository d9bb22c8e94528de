"""Tagged tokens are joined as they were printed; copies and fragments are left out with a reason."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from rantau.errors import DataError
from rantau.stages.sources.copied_sentences import find_copies
from rantau.stages.sources.joining import join_tokens
from rantau.stages.sources.tagged_words import not_a_sentence
from tests.stages.sources.given import SHARED, read

PRINTED = {
    "ada/NN nya/DT 18/NUM kotak/NN ./SYM": "adanya 18 kotak.",
    "Menteri/NN (/SYM Kemenkeu/NNP )/SYM ,/SYM kata/VB dia/PR": "Menteri (Kemenkeu), kata dia",
    "teman/NN ku/PR dan/CC diri/NN mu/DT": "temanku dan dirimu",
    "apa/PR yang/PR ku/PR inginkan/VB": "apa yang kuinginkan",
    "'/SYM Ku/PR peluk/VB Hati/NN mu/DT '/SYM": "'Kupeluk Hatimu'",
    "Apa/PR kah/RP itu/PR ?/SYM": "Apakah itu?",
    "itu/PR lah/RP sebab/NN nya/PR": "itulah sebabnya",
    "Ia/PR pun/RP pergi/VB ,/SYM yang/PR kau/PR dukung/VB": "Ia pun pergi, yang kau dukung",
    "Feedback/FW -nya/DT baik/JJ": "Feedback-nya baik",
    "rasa/NN creamy/FW -/SYM nya/DT": "rasa creamy-nya",
    "angka/NN 55/NUM ,/SYM 8%/NUM ./SYM": "angka 55,8%.",
    "level/NN 6.026/NUM ,/SYM 18/NUM": "level 6.026,18",
    "nomor/NN 2/NUM ,/SYM 3/NUM": "nomor 2, 3",
    "A/NN //SYM T/NN": "A/T",
    "265/NUM km/NN //SYM jam/NN": "265 km/jam",
    "pukul/NN 10/NUM :/SYM 30/NUM": "pukul 10:30",
    "Alamat/NN :/SYM Depok/NNP": "Alamat: Depok",
    "L/NNP '/SYM Oreal/NNP": "L'Oreal",
    "tahun/NN 90/NUM '/SYM an/FW": "tahun 90'an",
    "film/NN '/SYM John/NNP Wick/NNP '/SYM ./SYM": "film 'John Wick'.",
    '"/SYM Kami/PR setuju/VB ,/SYM "/SYM kata/VB Ani/NNP ./SYM': '"Kami setuju," kata Ani.',
    '"/SYM Kami/PR setuju/VB ./SYM': "Kami setuju.",
    'Kami/PR setuju/VB ,/SYM "/SYM': "Kami setuju.",
    "R/NN &/SYM D/NN untuk/IN Sales/NN &/SYM Marketing/NN": "R&D untuk Sales & Marketing",
    "[/SYM Itu/PR ]/SYM benar/JJ )/SYM": "[Itu] benar",
    "anak-anak/NN bermain/VB ./SYM ./SYM ./SYM": "anak-anak bermain...",
    "*/SYM */SYM Laga/NN El/NNP Clasico/NNP": "Laga El Clasico",
}


def tokens(line: str) -> list[tuple[str, str]]:
    pairs = (t.rpartition("/") for t in line.split())
    return [(word, tag) for word, _, tag in pairs]


@pytest.mark.parametrize("line", PRINTED)
def test_tokens_are_joined_as_printed(line: str) -> None:
    assert join_tokens(tokens(line)) == PRINTED[line]


def test_copies_with_a_reduced_verb_are_found() -> None:
    sentences = [
        tokens("polisi/NN akan/ADV melakukan/VB penyelidikan/NN ./SYM"),
        tokens("polisi/NN akan/ADV lakui/VB penyelidikan/NN ./SYM"),
        tokens("ia/PR menulis/VB surat/NN"),
        tokens("ia/PR tulisi/VB surat/NN"),
        tokens("ia/PR mulai/VB bekerja/VB"),
        tokens("absen/NN nya/PR lensa/NN"),
        tokens("abseni/VB lensa/NN"),
        tokens("mereka/PR bersama/IN kami/PR"),
        tokens("mereka/PR samai/VB kami/PR"),
        tokens("semua/DT sedang/ADV lakui/VB hal/NN itu/DT"),
    ]
    assert find_copies(sentences) == {1, 3, 6, 8, 9}


def test_sentences_without_counterpart_stay() -> None:
    sentences = [
        tokens("ia/PR mulai/VB lagi/ADV"),
        tokens("ia/PR pergi/VB lagi/ADV"),
        tokens("ia/PR lari/VB pagi/NN"),
    ]
    assert find_copies(sentences) == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Bandara itu dibangun pada tahun 1990.", None),
        ('"Kami tidak tahu soal itu," kata Ani.', None),
        ("ucap Didi Kempot.", "fewer than 4 words"),
        ("Jalan itu panjang sekali dan", "no sentence end"),
        ("Kedoya Utara, Kecamatan Kebon Jeruk, Kota Jakarta Barat 11520 No.", "no sentence end"),
        ("Jatimulya Cilodong Depok Telepon: (021) 77823093 ya.", "address or contact list"),
        ("skor 21-18 dan 21-14 lalu 15-21 atau 19 20 11 12.", "mostly digits and signs"),
    ],
)
def test_fragments_have_a_reason(text: str, reason: str | None) -> None:
    assert not_a_sentence(text) == reason


def test_a_line_without_tag_is_a_bad_row(tmp_path: Path) -> None:
    good = "Hari\tNN\nini\tDT\nhujan\tNN\nturun\tVB\n.\tSYM\n"
    (tmp_path / "a.txt").write_text(f"{good}\nHari\tNN\nini\n\n{good}")
    with pytest.raises(DataError, match=r'a\.txt line 7: a line is "word TAB tag"'):
        read(tmp_path, "a.txt", shape="tagged_words")
    documents, dropped = read(tmp_path, "a.txt", shape="tagged_words", on_bad_row="drop")
    assert [(d.row, d.text) for d in documents] == [(1, "Hari ini hujan turun."), (10, "Hari ini hujan turun.")]
    assert [(d.row, d.reason) for d in dropped] == [(7, "no tag")]


@pytest.mark.skipif(find_spec("nlp_id") is None or not SHARED.is_dir(), reason="needs nlp-id and ../shared/data")
def test_the_real_corpus() -> None:
    import pyarrow.parquet as pq

    documents, dropped = read(Path(), "package:nlp_id/data/dataset_postag.txt", shape="tagged_words")
    assert len(documents) + len(dropped) == 32_780
    assert 11_000 < len({d.text for d in documents}) < 11_500
    assert not [d for d in documents if " lakui " in d.text or " nya " in d.text or " ," in d.text]
    reference = set(pq.read_table(SHARED / "raw_id_kumparan" / "sentences.parquet")["text"].to_pylist())
    assert sum(d.text in reference for d in documents) > 0.5 * len(documents)
