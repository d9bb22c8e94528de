"""The page: whole, self-contained, accessible, and safe against the texts of models."""

from __future__ import annotations

import base64
import re

import pytest

from rantau import files
from rantau.stages.report import precision
from rantau.stages.report.headline import headline
from rantau.stages.report.html import breakable, visible
from rantau.stages.report.results import results_of
from rantau.stages.report.switch_table import switches
from rantau.stages.report.verdict import sentence
from rantau.stages.report.wording import ENGLISH
from tests.stages.report.conftest import Written
from tests.stages.report.markup import Reading
from tests.stages.report.scores_fixture import EVIL


@pytest.fixture(scope="module")
def reading(whole: Written) -> Reading:
    return Reading(whole.text("report.html"))


def test_a_tag_that_does_not_close_is_seen() -> None:
    with pytest.raises(AssertionError, match="closes <em>"):
        Reading("<p><em>a</p></em>")


def test_every_score_is_on_the_page(whole: Written, reading: Reading) -> None:
    for result in results_of(files.read_json(whole.inputs["compare"] / "scores.json")):
        assert result.signature in reading.text
        for score in result.scores:
            shown = precision.change(score) if score.system == "change" else precision.plain(score)
            assert shown in reading.text, (result.metric, result.name, score.system)
            assert precision.brackets(score, sign=score.system == "change") in reading.text
            assert f"{score.n:,}" in reading.text


def test_verdict_is_at_the_head(whole: Written, reading: Reading) -> None:
    said = [headline(whole.facts), sentence(whole.facts), "Bits per byte of held-out text, before and after"]
    places = [reading.text.index(text) for text in said]
    assert places == sorted(places)


def test_nothing_is_fetched(whole: Written, reading: Reading) -> None:
    """No address but fragments and data:, no script, no namespace that looks like an address."""
    assert not reading.tags("script")
    assert not reading.values("src")
    for address in reading.values("href"):
        assert address.startswith(("#", "data:")), address
    style = re.search(r"<style>(.*?)</style>", whole.text("report.html"), re.DOTALL)
    assert style is not None
    assert "@import" not in style[1]
    assert "url(" not in style[1]
    assert re.findall(r"https?://", whole.text("report.html")) == []


def test_ids_are_unique_and_fragments_lead_somewhere(reading: Reading) -> None:
    ids = reading.values("id")
    assert len(ids) == len(set(ids))
    fragments = {a[1:] for a in reading.values("href") if a.startswith("#")}
    fragments |= {name for names in reading.values("aria-labelledby") for name in names.split()}
    assert fragments <= set(ids)


def test_clip_paths_point_into_the_page(whole: Written, reading: Reading) -> None:
    assert set(re.findall(r"url\(#([^)]+)\)", whole.text("report.html"))) <= set(reading.values("id"))


def test_tables_have_captions_and_scopes(whole: Written, reading: Reading) -> None:
    page = whole.text("report.html")
    assert len(reading.tags("table")) == len(reading.tags("caption")) > 8
    assert all(h.get("scope") in ("col", "row") for h in reading.tags("th"))
    bodies = re.findall(r"<tbody[^>]*>\s*<tr[^>]*>\s*<(\w+)", page)
    assert set(bodies) == {"th"}


def test_figures_are_named_for_those_who_do_not_see_them(reading: Reading) -> None:
    drawings = reading.tags("svg")
    assert len(drawings) == 16  # eight figures, each drawn for a screen and for a phone
    assert all(d["role"] == "img" and len(d["aria-label"]) > 20 for d in drawings)


def test_texts_of_models_stay_text(whole: Written, reading: Reading) -> None:
    page = whole.text("report.html")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert visible(EVIL) in reading.text
    assert "\x00" not in page
    assert "\x1b" not in page


def test_broken_surrogates_and_controls_are_shown_as_replaced() -> None:
    assert visible("a\ud800b\x07c\nd\te") == "a\ufffdb\ufffdc\nd\te"


def test_names_break_where_a_reader_expects() -> None:
    assert breakable("a/b_c.d") == "a/<wbr>b_<wbr>c.<wbr>d"
    assert breakable("0.05 <b>") == "0.05 &lt;b&gt;"


def test_each_figure_carries_the_csv_that_lies_beside_the_page(whole: Written, reading: Reading) -> None:
    downloads = {a["download"]: a["href"] for a in reading.tags("a") if "download" in a}
    beside = {p.name: p.read_bytes() for p in (whole.out / "figures").glob("*.csv")}
    carried = {name: base64.b64decode(address.partition("base64,")[2]) for name, address in downloads.items()}
    assert carried == beside
    assert len(beside) == 8


def test_sections_without_facts_are_left_out(textual: Written) -> None:
    page = textual.text("report.html")
    reading = Reading(page)
    assert "answers" not in reading.values("id")
    assert "#answers" not in reading.values("href")
    assert not {"table-answers", "table-benchmarks", "table-gates", "table-in-context"} & set(reading.values("id"))
    assert "benchmarks" not in reading.values("id")
    assert "Answers in" not in reading.text
    assert "chrF" not in reading.text
    assert sorted(p.stem for p in (textual.out / "figures").glob("*.svg")) == [
        "bits_per_byte", "change_per_document", "composition", "kept", "learning_rate", "training_loss",
    ]  # fmt: skip


def test_switches_and_provenance_are_printed(whole: Written, reading: Reading) -> None:
    for stage in whole.facts.stages:
        assert stage.key[:16] in reading.text
        assert stage.digest[:16] in reading.text
    assert "curation.held_out_words" in reading.text
    assert "transformers" in reading.text


def test_there_is_no_emoji(whole: Written) -> None:
    for name in ("report.html", "card.md"):
        assert not re.search(r"[\U0001F000-\U0001FAFF\u2600-\u27BF]", whole.text(name))


def test_a_page_of_many_methods_is_whole(rich: Written) -> None:
    reading = Reading(rich.text("report.html"))
    ids = reading.values("id")
    assert len(ids) == len(set(ids))
    assert {
        "table-shared",
        "table-vocabulary",
        "table-examples",
        "figure-held_back",
        "figure-learning_rate",
        "figure-preferred",
        "figure-vocabulary_size",
    } <= set(ids)
    for words in ("preference optimisation (DPO)", "chosen over rejected answers", "best fit",
                  "on 10.0 % of the rows",
                  "new, on top of the phase before", "The loss of prefer is that of DPO",
                  "2.050 (step 30)", "LoRA rank 16", "1,875 words were added of 2,000", "21.7 %",
                  "pairs whose chosen answer gained more", "rows held back for early stopping",
                  "17.3 %"):  # fmt: skip
        assert words in reading.text, words


def test_methods_that_were_not_used_are_not_on_the_page(reading: Reading) -> None:
    outside = reading.text.partition("The whole recipe")[0]
    for words in (
        "DPO",
        "best fit",
        "Held-back",
        "extended vocabulary",
        "gained more",
        "held back for early",
    ):
        assert words not in outside, words


def test_energy_is_told_with_its_method(reading: Reading) -> None:
    assert "0.00461 kWh" in reading.text
    assert "estimated, 12 W" in reading.text
    assert "not stated in which country" in reading.text
    assert "Energy was not measured" not in reading.text


def test_switches_are_of_adapters_that_were_used(rich: Written) -> None:
    paths = [row[0].note for row in switches(rich.recipe, ENGLISH).rows]
    assert "adapter.targets" in paths  # read and prefer have the recipe's
    assert "phases.talk.adapter.targets" in paths
    own = [p.model_copy(update={"adapter": rich.recipe.adapter}) for p in rich.recipe.phases]
    paths = [row[0].note for row in switches(rich.recipe.model_copy(update={"phases": own}), ENGLISH).rows]
    assert "adapter.targets" not in paths
    assert {f"phases.{name}.adapter.alpha" for name in ("read", "talk", "prefer")} <= set(paths)
