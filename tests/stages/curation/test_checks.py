"""Normal form, length, duplicates, language, overlap with held-out text."""

from pathlib import Path

import pytest

from rantau.language import LanguageProfile, load_profile
from rantau.machine import Machine
from rantau.recipe import LanguageCheck, Source
from rantau.records import Document
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.curation.cleaning import in_normal_form, wrong_length
from rantau.stages.curation.duplicates import SeenTexts
from rantau.stages.curation.expected_language import Shard, judge_shard, judged_text
from rantau.stages.curation.overlap import HeldOutText, words_of
from tests.stages.curation.given import recipe, talk, text

NEWS = "Menurut polisi setempat, kecelakaan ini terjadi karena konstruksi bangunan tidak dibuat dengan baik."

ENGLISH = "According to the police, the accident happened because the building was not built well."


def test_normal_form_reaches_every_turn() -> None:
    document = in_normal_form(talk("cafe\u0301", "re\u0301sume\u0301"), "NFC")
    assert [m.content for m in document.dialogue.messages] == ["café", "résumé"]  # type: ignore[union-attr]
    assert in_normal_form(text("cafe\u0301"), "none").text == "cafe\u0301"
    assert in_normal_form(text("ﬁ"), "NFKC").text == "fi"


def test_length_counts_text_or_the_shortest_answer() -> None:
    assert wrong_length(text("  ab  "), min_chars=3, max_chars=9) == "shorter than 3 characters"
    assert wrong_length(text("abc"), min_chars=3, max_chars=9) is None
    assert wrong_length(text("a" * 10), min_chars=3, max_chars=9) == "longer than 9 characters"
    assert wrong_length(talk("panjang sekali", "ya"), min_chars=3, max_chars=99) == "shorter than 3 characters"


def test_duplicates_ignore_spaces_and_case() -> None:
    seen = SeenTexts()
    assert seen.add(text("Halo dunia"))
    assert not seen.add(text("halo   DUNIA "))
    assert seen.add(talk("Halo", "dunia!"))
    assert not seen.add(talk("halo", "Dunia!"))
    assert seen.add(text("Halo dunia?"))


def told(document: Document, profile: LanguageProfile | None, check: LanguageCheck) -> bool | None:
    return judge_shard(Shard((judged_text(document),), profile, check))[0]


def test_language_is_told_or_untold() -> None:
    check, profile = LanguageCheck(), load_profile("ind")
    assert told(text(NEWS), profile, check) is True
    assert told(text(ENGLISH), profile, check) is False
    assert told(talk(ENGLISH, NEWS), profile, check) is True
    assert told(text("Pantai itu sepi."), profile, check) is None
    assert told(text(NEWS), None, check) is None
    assert told(text(NEWS), load_profile("min"), check) is None


def test_shared_runs_of_words_are_found_whatever_the_punctuation() -> None:
    held = HeldOutText([text(NEWS)], n=6)
    copied = "Kata dia: KECELAKAAN ini, terjadi karena konstruksi - bangunan."
    assert held.shared_with(text(copied)) == "kecelakaan ini terjadi karena konstruksi bangunan"
    assert held.shared_with(text("Kecelakaan ini terjadi karena konstruksi jalan.")) is None


def test_short_rows_are_compared_whole() -> None:
    held = HeldOutText([text("Serangan menewaskan dua orang.")], n=8)
    assert held.shared_with(text("Serangan menewaskan dua orang!")) is not None
    assert held.shared_with(text("Serangan itu menewaskan dua orang.")) is None


def test_an_answer_that_is_held_out_running_text_is_found() -> None:
    held = HeldOutText([text(NEWS)], n=8)
    assert held.shared_with(talk("Ceritakan.", f"Baik. {NEWS}")) is not None


def test_the_wording_of_a_template_is_no_leak_but_the_rest_is() -> None:
    template = "Tolong terjemahkan kalimat berikut ini ke dalam bahasa Inggris yang baku:"
    heldout = [talk(f"{template} {w}", w.upper(), row) for row, w in enumerate(("satu", "dua", "tiga"), start=1)]
    held = HeldOutText(heldout, n=8)
    assert held.shared_with(talk(f"{template} empat", "four")) is None
    assert HeldOutText(heldout[:2], n=8).shared_with(talk(f"{template} empat", "four")) is not None
    assert held.shared_with(talk("Apa?", template)) is not None


@pytest.mark.parametrize(
    ("written", "words"), [("Anak-anak, '90!", ["anak", "anak", "90"]), ("서울은 크다", ["서울은", "크다"])]
)
def test_words_of_any_script(written: str, words: list[str]) -> None:
    assert words_of(written) == words


def test_workers_do_not_change_what_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rantau.stages.curation import expected_language

    monkeypatch.setattr(expected_language, "SHARD_DOCUMENTS", 2)
    documents = [
        text(NEWS, 1),
        text("Pantai itu sepi.", 2),
        text(ENGLISH, 3),
        talk(ENGLISH, NEWS, 4),
        text(NEWS, 5),
    ]
    source = Source(name="news", path="a", language="ind", license="MIT")
    found = []
    for workers in (1, 2):
        context = Context(
            Declared(recipe(tmp_path, ["news"]), ()), tmp_path, {}, tmp_path / str(workers),
            Machine(workers=workers), Progress(quiet=True),
        )  # fmt: skip
        found.append(expected_language.judge_documents(documents, source, LanguageCheck(), context))
    assert found == [[True, None, False, True, True]] * 2
