"""What is personal data, what only looks like it, and what becomes of the document."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.recipe import Pii
from rantau.stages.curation.cleaning.national_ids import is_nik, is_rrn
from rantau.stages.curation.cleaning.pii import FINDERS, TREATED_AS, treat_pii
from rantau.stages.curation.cleaning.text_repair import repaired
from rantau.stages.curation.duplicates.exact import text_key
from tests.stages.curation.cleaning.rows import talk, text

KINDS = ("id_phone", "nik", "kr_phone", "rrn")
NIK = "3173056508900004"  # a woman: day 25 + 40
RRN = "900825-2000001"


def masked(content: str) -> str:
    return treat_pii(text(content), Pii(), KINDS).document.text


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Surel: budi.santoso+kerja@mail.univ.ac.id.", "Surel: [email]."),
        ("<ani_99@gmail.com>,", "<[email]>,"),
        ("masuk dari 180.254.8.5 kemarin", "masuk dari [ip] kemarin"),
        ("dari 180.254.8.5.", "dari [ip]."),
        ("host 2404:6800:4003:c00::8b aktif", "host [ip] aktif"),
        ("WA 0812-3456-7890 ya", "WA [phone] ya"),
        ("HP 081234567890.", "HP [phone]."),
        ("hubungi +62 812 3456 7890", "hubungi [phone]"),
        ("hubungi (+62)81234567890", "hubungi [phone]"),
        ("nomor 6281283544441 menelepon", "nomor [phone] menelepon"),
        ("Telp. (021) 5760617", "Telp. [phone]"),
        ("Telepon 0274-563 215", "Telepon [phone]"),
        ("kantor +62 21 5790 1234", "kantor [phone]"),
        (f"NIK {NIK} atas nama", "NIK [national id] atas nama"),
        ("연락처는 010-1234-5678입니다", "연락처는 [phone]입니다"),
        ("전화 02-123-4567, 031)123-4567", "전화 [phone], [phone]"),
        ("+82-10-1234-5678", "[phone]"),
        (f"주민번호 {RRN}는", "주민번호 [national id]는"),
    ],
)
def test_personal_data_is_masked(written: str, left: str) -> None:
    assert masked(written) == left
    assert masked(left) == left


@pytest.mark.parametrize(
    "written",
    [
        "Harganya Rp 1.500.000,00 atau Rp08.123.456.789 per unit",
        "tanggal 08-12-2019, 2019/08/12 pukul 08.30-10.00, 17-08-1945",
        "ISBN 978-602-03-1234-5, ISBN 0812974492 dan ISSN 0812-3456",
        "LibreOffice 7.4.2.10, versi 93.184.216.34 dan kernel v5.10.46.200",
        "jaringan 192.168.1.10, 127.0.0.1, 10.0.0.255, 203.0.113.7 dan 0.0.0.0/0",
        "bab 1.2.3.4 dan 999.300.1.1 serta 8.8.8.8.8",
        "tahun 1998 2004 2019 2024, skor 3-2, pasal 27 ayat 3",
        "git@github.com:tim/proyek.git dan logo@2x.png serta @budi dan a@b",
        "kirim ke nama@example.com atau budi@contoh.example",
        "0,081234567890 dan 3.081234567890 dan id=081234567890",
        "sha 3173056508900004a1b2 dan 31730565089000041",
        "kode 9999999999999999 dan 1234567812345678 dan 3173056513900004",
        "std::vector<int> add::be:ad 12:30:45 aa:bb:cc:dd:ee:ff",
        "주민번호 901325-2000009, 900825-2000007, 123456-1234567",
        "2024년 01월 02일 10-20-30, 1500000000000 ms",
        "rekening 081234567890 di bank",
    ],
)
def test_what_only_looks_like_it_stays(written: str) -> None:
    assert masked(written) == written


def test_a_nik_spells_a_place_and_a_birthday() -> None:
    assert is_nik("3173052508900004") and is_nik(NIK)
    assert is_nik("3173052902960001")  # 29 February
    for wrong in ("0073052508900004", "3100052508900004", "3173050008900004", "3173053202900004",
                  "3173057208900004", "3173052513900004", "3173052508900000", "2973052508900004"):  # fmt: skip
        assert not is_nik(wrong), wrong
    assert not is_nik("3173053002900001")


def test_an_rrn_has_a_birthday_and_until_2020_a_check_digit() -> None:
    assert is_rrn(RRN) and is_rrn(RRN.replace("-", ""))
    assert [d for d in range(10) if is_rrn(f"{RRN[:-1]}{d}")] == [1]
    assert all(is_rrn(f"201105-300000{d}") for d in range(10))  # drawn at random since October 2020
    assert sum(is_rrn(f"201105300000{d}") for d in range(10)) == 1  # without the dash it must fit
    assert not is_rrn("900230-2000001")


@given(digits=st.text(alphabet="0123456789", min_size=13, max_size=13))
def test_thirteen_digits_never_raise(digits: str) -> None:
    assert is_rrn(digits) in (True, False)
    assert is_nik(digits + "123") in (True, False)


@given(content=st.text(alphabet="0123456789+-. ()@:abz한", max_size=60))
def test_masking_is_stable_and_keeps_the_rest(content: str) -> None:
    once = masked(content)
    assert masked(once) == once
    for finder in FINDERS.values():
        spans = finder(content)
        assert spans == sorted(spans)
        assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_counts_by_kind_and_every_turn() -> None:
    treated = treat_pii(talk("Kirim ke a.b@mail.id", f"Ke c@d.co.id, NIK {NIK}"), Pii(), KINDS)
    assert treated.counts == {"email": 2, "nik": 1}
    assert treated.document.content == "Kirim ke [email]\nKe [email], NIK [national id]"
    assert treated.drop is None


@pytest.mark.parametrize(
    ("field", "content", "name"),
    [
        ("email", "a.b@mail.id", "e-mail address"),
        ("ip", "180.254.8.5", "IP address"),
        ("phone", "081234567890", "telephone number"),
        ("national_id", NIK, "national identity number"),
    ],
)
def test_mask_drop_and_keep_of_each_field(field: str, content: str, name: str) -> None:
    document = text(f"data {content} lain")
    dropped = treat_pii(document, Pii.model_validate({field: "drop"}), KINDS)
    assert dropped.drop == f"personal data: {name}"
    assert dropped.document is document and sum(dropped.counts.values()) == 1
    kept = treat_pii(document, Pii.model_validate({field: "keep"}), KINDS)
    assert (kept.document, kept.drop, dict(kept.counts)) == (document, None, {})
    assert treat_pii(document, Pii(), KINDS).document.text != document.text


def test_only_the_kinds_of_the_language_are_looked_for() -> None:
    assert treat_pii(text("WA 081234567890"), Pii(), ()).document.text == "WA 081234567890"
    assert TREATED_AS.keys() == FINDERS.keys()


def test_a_nik_is_no_telephone_number_when_only_phones_are_masked() -> None:
    pii = Pii(national_id="keep")
    assert treat_pii(text(f"NIK {NIK}"), pii, KINDS).document.text == f"NIK {NIK}"


def test_a_rejected_answer_is_treated_like_the_chosen_one() -> None:
    preference = replace(talk("Surelmu?", "Tidak ada."), rejected="Surel saya ani@mail.id.")
    treated = treat_pii(preference, Pii(), KINDS)
    assert (treated.document.rejected, treated.counts) == ("Surel saya [email].", {"email": 1})
    assert repaired(replace(preference, rejected="cafÃ©"), "NFC", repair=True).rejected == "café"


def test_preferences_with_other_rejected_answers_are_no_duplicates() -> None:
    one, other = (replace(talk("Surelmu?", "Tidak ada."), rejected=r) for r in ("Ada.", "Entah."))
    assert text_key(one) != text_key(other)
    assert text_key(one) == text_key(replace(one, rejected="ADA."))
