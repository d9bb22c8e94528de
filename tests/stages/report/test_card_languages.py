"""The card in three languages: the same facts, and only facts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rantau import chat, files
from rantau.recipe import Recipe
from rantau.stages.report.card import render_card
from rantau.stages.report.card.details import N_NOTES, template_notes
from rantau.stages.report.reading import read_facts, read_running
from rantau.stages.report.wording import ENGLISH, Wording
from tests.stages.report.conftest import Written
from tests.stages.report.facts_fixture import many_methods, recipe, without_prompts, write_inputs

LANGUAGES = ("eng", "ind", "kor")
NUMBER = re.compile(r"[−-]?\d[\d.,]*")


def cards(asked: Recipe, folder: Path) -> dict[str, str]:
    inputs = write_inputs(folder, asked)
    facts, running = read_facts(asked, inputs), read_running(asked, inputs)
    return {language: render_card(facts, in_language(asked, language), running) for language in LANGUAGES}


def in_language(asked: Recipe, language: str) -> Recipe:
    return asked.model_copy(update={"report": asked.report.model_copy(update={"language": language})})


@pytest.fixture(scope="module")
def all_cards(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    asked = (recipe(report={"country": "IDN"}), many_methods(report={"country": "KOR"}), without_prompts())
    return [cards(a, tmp_path_factory.mktemp("cards")) for a in asked]


def tables(card: str) -> list[list[str]]:
    """Lines of each table, without what stands in code marks: versions and hashes have no decimal mark."""
    found = re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)
    return [[re.sub(r"`[^`]*`", "", line) for line in table.splitlines()[2:]] for table in found]


def numbers(line: str, language: str) -> list[float]:
    plain = [n.replace("−", "-").rstrip(".,") for n in NUMBER.findall(line)]
    return [
        float(n.replace(".", "").replace(",", ".") if language == "ind" else n.replace(",", "")) for n in plain
    ]


def test_every_table_has_equal_numbers(all_cards: list[dict[str, str]]) -> None:
    for by_language in all_cards:
        english = [[numbers(line, "eng") for line in table] for table in tables(by_language["eng"])]
        assert sum(len(n) for table in english for n in table) > 150
        for language in ("ind", "kor"):
            assert [[numbers(line, language) for line in t] for t in tables(by_language[language])] == english


def test_every_card_has_the_same_parts(all_cards: list[dict[str, str]]) -> None:
    for by_language in all_cards:
        shapes = {lang: re.findall(r"^(#+|\||- |1\. |```\w*)", c, re.MULTILINE) for lang, c in by_language.items()}
        assert shapes["ind"] == shapes["eng"] == shapes["kor"]
        for card in by_language.values():
            assert not re.search(
                r"\{\w*\}(?!,)|\bNone\b|\bnan\b|\n\n\n", card.partition("## ")[2].partition("```")[0]
            )


def test_metadata_does_not_depend_on_the_language(all_cards: list[dict[str, str]]) -> None:
    for by_language in all_cards:
        heads = {card.split("---\n")[1] for card in by_language.values()}
        assert len(heads) == 1


def test_no_english_sentence_is_left_in_another_language(all_cards: list[dict[str, str]]) -> None:
    for by_language in all_cards:
        english = {
            line for line in by_language["eng"].splitlines() if line.startswith(("- ", "1. ")) and " the " in line
        }
        for language in ("ind", "kor"):
            assert english.isdisjoint(by_language[language].splitlines())


ENGLISH_WORDS = re.compile(r"\b(the|of|and|is|was|were|with|by|are|not|for|that|it|each|no|new|all|none|from)\b")


def prose(card: str) -> str:
    """The card without metadata, code, signatures and citations, which are the same in every language."""
    text = card.split("---\n", 2)[2].partition("```bibtex")[0]
    for pattern in (r"```.*?```", r"<details>.*?</details>", r"`[^`]*`"):
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    return text


def test_no_english_word_is_left_in_another_language(all_cards: list[dict[str, str]]) -> None:
    for by_language in all_cards:
        assert len(ENGLISH_WORDS.findall(prose(by_language["eng"]))) > 100
        for language in ("ind", "kor"):
            found = [line for line in prose(by_language[language]).splitlines() if ENGLISH_WORDS.search(line)]
            assert found == []


def methods(card: str) -> str:
    return card.partition("The phases, in their order")[2].partition("\n## ")[0]


def test_methods_that_were_used_are_told_and_no_others(all_cards: list[dict[str, str]]) -> None:
    plain, rich = methods(all_cards[0]["eng"]), methods(all_cards[1]["eng"])
    for words in ("Direct preference optimisation (DPO, beta 0.2)",
                  "Several documents share a row of 256 tokens (17.3 % of the room is filled)",
                  "moving average of the adapter over the steps (decay 0.99)", "10 % of the rows were held back",
                  "ended after 61 of 81 steps", "step 30 was kept: 2.050 bits per byte", "up to 2,000 whole words",
                  "In the last steps (2), in 87.5 % of the pairs the chosen answer gained more",
                  "is fixed as part of the base and a new one is learnt on top"):  # fmt: skip
        assert words in rich
        assert words not in plain
    assert "The adapter of the phase before is learnt on." in plain


def test_preference_tuning_is_denied_where_none_was_done(all_cards: list[dict[str, str]]) -> None:
    assert "No preference tuning" in all_cards[0]["eng"]
    assert "No preference tuning" not in all_cards[1]["eng"]
    assert "does not make answers safe" in all_cards[1]["eng"]


def test_a_loss_of_dpo_has_no_perplexity(all_cards: list[dict[str, str]]) -> None:
    (line,) = re.findall(r"^\| prefer \| 897 .*$", all_cards[1]["eng"], re.MULTILINE)
    assert line.endswith("| – |")
    (line,) = re.findall(r"^\| talk \| 897 .*$", all_cards[1]["eng"], re.MULTILINE)
    assert not line.endswith("| – |")


def test_rates_and_batches_stand_in_the_hyperparameters(all_cards: list[dict[str, str]]) -> None:
    rich = all_cards[1]["eng"]
    for line in (
        "| Peak learning rate, A matrices | 0.0002 | 0.0001 | 0.000005 |",
        "| Peak learning rate, B matrices (LoRA+) | 0.0032 | 0.0001 | 0.00008 |",
        "| Effective batch size, rows | 16 | 8 | 8 |",
        "| Quantisation of the frozen weights | 4 bits (NF4), scales quantised too |",
        "| Schedule | constant, then linear over the last 20 %, down to 10.0 % of the peak | cosine | cosine |",
    ):
        assert line in rich


def test_energy_and_carbon_are_told_with_their_method(all_cards: list[dict[str, str]]) -> None:
    assert "0.00461 kWh × 676 g/kWh = 3.12 g CO2 equivalents (Indonesia, 2022; Ember" in all_cards[0]["eng"]
    assert "0,00461 kWh × 676 g/kWh = 3,12 g setara CO2 (Indonesia, 2022; Ember" in all_cards[0]["ind"]
    assert "(대한민국, 2023년; Ember" in all_cards[1]["kor"]
    assert "estimated, 12 W" in all_cards[0]["eng"]


@pytest.mark.parametrize(
    ("report", "words"),
    [({"country": "ATA"}, "No carbon intensity with a named source is known here for ATA"),
     ({}, "not stated in which country the training ran, so the mean of the world is taken.")],
)  # fmt: skip
def test_a_country_without_a_figure_has_the_worlds_mean(
    report: dict[str, Any], words: str, whole: Written
) -> None:
    asked = recipe(report=report)
    card = render_card(whole.facts, asked, read_running(asked, whole.inputs))
    assert words in card
    assert "so the mean of the world is taken." in card
    assert "0.00461 kWh × 480 g/kWh = 2.21 g CO2 equivalents (world, 2023; Ember, Global Electricity" in card


def test_a_country_with_a_figure_is_not_the_world(all_cards: list[dict[str, str]]) -> None:
    assert "mean of the world" not in all_cards[0]["eng"] + all_cards[1]["eng"]


def test_what_could_not_be_read_is_told(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, recipe())
    path = inputs["train-talk"] / "speed.json"
    row = files.read_json(path)
    files.write_json(path, {**row, "energy": {**row["energy"], "missing": ["accelerator", "other machines"]}})
    facts, running = read_facts(recipe(), inputs), read_running(recipe(), inputs)
    english, korean = (render_card(facts, in_language(recipe(), code), running) for code in ("eng", "kor"))
    assert "The accelerator's energy could not be read" in english
    assert "Other machines trained too" in english
    assert "다른 장비도 학습에 참여하였으나" in korean


def test_energy_that_was_not_recorded_is_told_as_such(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, recipe())
    path = inputs["train-talk"] / "speed.json"
    row = files.read_json(path)
    files.write_json(path, {**row, "energy": {**row["energy"], "method": "not recorded", "by_source": {}}})
    card = render_card(read_facts(recipe(), inputs), recipe(), read_running(recipe(), inputs))
    assert "The energy of this run was not recorded." in card
    assert "CO2" not in card
    assert "lacoste" not in card


def test_notes_of_the_templates_are_known_and_translated() -> None:
    """Each pattern occurs in the code that writes the notes, so that a changed note is noticed here."""
    folder = Path(chat.__file__).parent
    code = " ".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    joined = re.sub(r"[\"']\s*\n\s*f?[\"']|\\", "", code)
    known = [
        ENGLISH.template(f"template_notes.note_{n}")
        for n in range(1, N_NOTES)
        if ENGLISH.has(f"template_notes.note_{n}")
    ]
    assert len(known) == 7
    for text in known:
        for part in re.split(r"\{\w+\}", text):
            assert part.strip(' "') in joined, part


def test_a_note_keeps_its_values_in_translation(whole: Written) -> None:
    note = (
        "The vocabulary has no control token <|im_end|>: formatting.template chatml spells it in plain text "
        "tokens, and each answer ends with </s> as well."
    )
    facts = replace(whole.facts, template_notes=(note, "Something new."))
    told, new = template_notes(facts, Wording("ind"))
    assert told == (
        "Kosakata tidak memiliki token kendali <|im_end|>: formatting.template chatml mengejanya dengan token "
        "teks biasa, dan setiap jawaban juga ditutup dengan </s>."
    )
    assert new == "Something new."
