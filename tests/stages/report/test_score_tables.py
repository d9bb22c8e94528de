"""Tables of scores: each figure beside its chance and its ceiling, and nothing without n and interval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rantau.records import BenchmarkResult, Estimate
from rantau.stages.report.benchmark_effect import effect_of
from rantau.stages.report.benchmark_tables import benchmarks, tasks
from rantau.stages.report.headline import whole_benchmarks
from rantau.stages.report.limits import limits
from rantau.stages.report.markdown import as_markdown
from rantau.stages.report.results import Result, results_of
from rantau.stages.report.score_cells import at_chance
from rantau.stages.report.score_tables import answers, domains, gates, held_out, in_context, warnings
from rantau.stages.report.sections import meanings
from rantau.stages.report.table import Cell, Table
from rantau.stages.report.wording import ENGLISH, Wording
from tests.stages.report.conftest import Written


def row(table: Table | None, name: str) -> dict[str, Cell]:
    assert table is not None
    found = next(r for r in table.rows if r[0].text == name)
    return dict(zip(table.columns, found, strict=True))


def test_chance_and_ceiling_stand_beside_the_figure(full: Written) -> None:
    bleu = row(answers(full.facts, ENGLISH), "BLEU")
    assert [bleu[c].text for c in ("Chance", "Before", "After", "Ceiling", "n")] == [
        "0.9",
        "1.1",
        "4.2",
        "11.5",
        "72",
    ]
    assert bleu["Chance"].note == "[0.6, 1.2]\nbase: 0.5 [0.3, 0.8]"
    assert bleu["After"].note == "[3.1, 5.4]\nrepeats ± 0.3"
    assert (bleu["Change"].text, bleu["Change"].note) == ("+3.1 points", "[+2.0, +4.2]\np = 0.004")
    assert bleu["Change"].tag == "better"


def test_a_variant_of_a_metric_keeps_its_name(full: Written) -> None:
    match = row(answers(full.facts, ENGLISH), "Semantic match (use-m3)")
    assert match["After"].note.endswith("at chance")
    assert row(answers(full.facts, Wording("kor")), "의미 일치 (use-m3)")["이후"].note.endswith("우연 수준")


def scores(adapted: tuple[float, float], chance: tuple[float, float], better: str) -> Result:
    common = {"metric": "m", "name": "t", "unit": "points", "better": better, "n": 9, "signature": "s"}
    rows = [
        {**common, "system": system, "value": sum(ends) / 2, "low": ends[0], "high": ends[1]}
        for system, ends in (("adapted", adapted), ("chance", chance))
    ]
    return results_of(rows)[0]


@pytest.mark.parametrize(
    ("adapted", "chance", "better", "told"),
    [((5, 7), (1, 4.9), "higher", False), ((5, 7), (1, 5), "higher", True), ((0.1, 0.2), (1, 5), "higher", True),
     ((1, 2), (3, 4), "lower", False), ((1, 3), (3, 4), "lower", False), ((5, 7), (1, 9), "neither", False)],
)  # fmt: skip
def test_at_chance(adapted: tuple[float, float], chance: tuple[float, float], better: str, told: bool) -> None:
    assert at_chance(scores(adapted, chance, better)) is told


def test_an_encoder_that_cannot_tell_texts_apart_is_warned_of(full: Written) -> None:
    why = "This encoder finds 61.0 % of unrelated pairs alike; its figures tell nothing."
    assert warnings(full.facts) == [f"semantic_warning:minilm: {why}"]
    for name in ("report.html", "card.md"):
        assert why in full.text(name)
    table = answers(full.facts, ENGLISH)
    assert table is not None and not any("arning" in r[0].text for r in table.rows)


def test_parts_of_texts_have_a_table_of_their_own(full: Written, whole: Written) -> None:
    assert row(domains(full.facts, ENGLISH), "indonesian-news/law")["Language"].text == "Indonesian"
    table = held_out(full.facts, ENGLISH)
    assert table is not None
    assert [r[0].text for r in table.rows] == [
        "indonesian-news", "indonesian-answers", "english-docs", "english-talk",
    ]  # fmt: skip
    assert domains(whole.facts, ENGLISH) is None


def test_perplexity_stands_behind_the_bits_with_its_intervals(full: Written) -> None:
    cell = row(held_out(full.facts, ENGLISH), "english-docs")["Perplexity"]
    assert (cell.text, cell.note) == ("44.8 → 18.0", "[42.7, 47.2]\n[15.9, 20.4]")


def test_examples_and_gates(full: Written, whole: Written) -> None:
    letters = row(in_context(full.facts, ENGLISH), "letters")
    assert (letters["Before"].text, letters["Change"].text, letters["Change"].tag) == ("0.412", "−0.077", "worse")
    failed = row(gates(full.facts, ENGLISH), "in_context_loss > 0.1")
    assert [failed[c].text for c in ("Measured", "Interval")] == ["18.7 %", "11.0 %, 26.0 %"]
    assert failed["Result"].tag == "failed"
    assert row(gates(full.facts, Wording("ind")), "source_bpb_rise > 0.05")["Selang"].text == "1,1%; 3,2%"
    assert gates(whole.facts, ENGLISH) is None and in_context(whole.facts, ENGLISH) is None


def test_what_was_not_measured_says_why(full: Written) -> None:
    gate = replace(full.facts.gates[0], value=None, low=None, high=None, failed=True, reason="No text in English.")
    found = row(gates(replace(full.facts, gates=(gate,)), ENGLISH), "source_bpb_rise > 0.05")
    assert found["Condition"].note == "No text in English."
    assert (found["Measured"].text, found["Result"].tag) == ("–", "failed")


def test_tags_are_words_in_markdown(full: Written) -> None:
    table = gates(full.facts, ENGLISH)
    assert table is not None
    assert as_markdown(table).splitlines()[3].endswith("| failed |")
    assert as_markdown(table, Wording("kor")).splitlines()[3].endswith("| 미달 |")


def test_every_benchmark_has_n_interval_chance_and_what_it_resolves(full: Written) -> None:
    found = row(benchmarks(full.facts, ENGLISH), "belebele_ind_Latn")
    assert [found[c].text for c in ("n", "Chance", "Before", "After", "Change", "Resolves")] == [
        "900", "25.0 %", "26.2 %", "33.1 %", "+6.9 points", "4.6 points",
    ]  # fmt: skip
    assert found["Benchmark"].note.splitlines() == [
        "Indonesian, 5 examples, acc", "488 groups", "12 met in training text",
        "without them (888): 25.9 % → 32.7 %",
    ]  # fmt: skip
    assert found["Before"].note == "[22.9, 29.5]\nat chance"
    assert (found["Change"].tag, found["Change"].note) == ("better", "[+3.6, +10.2]\nHolm: p = 0.004")
    assert row(benchmarks(full.facts, ENGLISH), "kobest")["Benchmark"].note.endswith(
        "not checked for contamination"
    )


def test_tasks_of_a_benchmark_are_told_apart_from_its_mean(full: Written) -> None:
    table = tasks(full.facts, ENGLISH)
    assert table is not None
    assert [r[0].text for r in table.rows] == ["kobest_copa", "kobest_wic"]
    assert [b.task for b in whole_benchmarks(full.facts.benchmarks)][-1] == "kobest"
    assert [b.task for b in whole_benchmarks(full.facts.benchmarks[-2:])] == ["kobest_copa", "kobest_wic"]


@pytest.mark.parametrize(
    ("ends", "p_holm", "effect"),
    [((0.01, 0.09), 0.04, "better"), ((-0.09, -0.01), 0.04, "worse"), ((0.01, 0.09), 0.06, "unresolved"),
     ((-0.01, 0.09), 0.01, "unresolved")],
)  # fmt: skip
def test_a_change_counts_only_after_the_correction(
    full: Written, ends: tuple[float, float], p_holm: float, effect: str
) -> None:
    change = Estimate(sum(ends) / 2, *ends)
    tested: BenchmarkResult = replace(full.facts.benchmarks[0], change=change, p_holm=p_holm)
    assert effect_of(tested, 0.95) == effect


def test_limits_name_what_tells_nothing(full: Written, whole: Written) -> None:
    said = limits(full.facts, full.recipe)
    assert "At chance after the training, so they tell nothing of this model: xcopa_id." in said
    assert "Questions of these benchmarks stand in the training text: belebele_ind_Latn." in said
    assert any(line.endswith("cut to the tokens of an answer: BLEU.") for line in said)
    assert not any("without explanation" in line for line in said)
    less = limits(whole.facts, whole.recipe)
    assert any("No benchmark was asked" in line for line in less)
    assert any("its loss cannot be seen" in line for line in less)


def test_sampled_answers_are_not_called_greedy(full: Written) -> None:
    prompts = full.recipe.evaluation.prompts
    assert prompts is not None
    sampled = prompts.model_copy(update={"decoding": "sampling", "repeats": 5})
    evaluation = full.recipe.evaluation.model_copy(update={"prompts": sampled})
    said = limits(full.facts, full.recipe.model_copy(update={"evaluation": evaluation}))
    assert any(line.startswith("Answers were sampled, 5 for each prompt") for line in said)
    assert not any("greedily" in line for line in said)


def test_every_metric_that_is_known_is_explained(full: Written) -> None:
    known = {key.partition(".")[2] for key in ("metric.bleu", "metric.rougeL", "metric.weighted_f1")}
    assert all(ENGLISH.has(f"about.{name}") for name in known)
    told = dict(meanings(full.facts, ENGLISH))
    assert "Semantic match" in told and "BLEU" in told and len(told) == 12
