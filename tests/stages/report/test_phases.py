"""Facts of the phases: what is summed and what is left out, in closed forms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rantau.stages.formatting.vocabulary.pretokens import Pretokens, Tally
from rantau.stages.formatting.vocabulary.saving import by_language, by_size
from rantau.stages.report.card.environment import cost
from rantau.stages.report.phase_facts import LossPoint
from rantau.stages.report.precision import NOTHING
from rantau.stages.report.reading import read_running
from rantau.stages.report.running import Running
from rantau.stages.report.training_tables import outcome
from rantau.stages.report.vocabulary_facts import Saving, VocabularyFacts
from rantau.stages.report.wording import ENGLISH
from tests.stages.report.conftest import Written
from tests.stages.report.vocabulary_fixture import VOCABULARY


def running_of(report: Written) -> Running:
    return read_running(report.recipe, report.inputs)


def test_preferred_is_the_mean_of_the_last_steps(rich: Written) -> None:
    curve = tuple(LossPoint(step, 0.6, 1e-4, share) for step, share in enumerate((0.0, 0.5, 1.0), start=1))
    prefer = replace(rich.facts.phases[-1], curve=curve, n_last=2)
    assert prefer.preferred == pytest.approx(0.75)
    assert rich.facts.phases[0].preferred is None


def test_the_room_of_packed_rows(rich: Written) -> None:
    """897 rows of 256 tokens hold 39,800."""
    packed, plain, _ = rich.facts.phases
    assert packed.filled_share == pytest.approx(39800 / (897 * 256))
    assert plain.filled_share is None


def test_rows_held_back_and_the_adapter_that_was_kept(rich: Written) -> None:
    read, talk, _ = rich.facts.phases
    assert (read.rows_held_back, talk.rows_held_back) == (89, 0)
    assert (read.rows_learnt, talk.rows_learnt) == (897 - 89, 897)
    rows = outcome(rich.facts, ENGLISH).rows
    assert [cell.text for cell in rows[1]] == ["rows learnt", "808", "897", "897"]
    assert [cell.text for cell in rows[2]] == ["rows held back for early stopping", "89", NOTHING, NOTHING]
    assert "| read | 808 | 61 |" in rich.text("card.md")
    assert read.best is not None
    assert (read.best.step, read.best.bits_per_byte) == (30, 2.05)
    assert talk.best is None


def test_end_loss_is_the_mean_of_the_last_twentieth(rich: Written) -> None:
    for phase in rich.facts.phases:
        assert phase.n_last == max(1, round(len(phase.curve) / 20))
        assert phase.end_loss == pytest.approx(sum(p.loss for p in phase.curve[-phase.n_last :]) / phase.n_last)


def test_passes_that_are_cut_by_positions_have_no_number_of_rows(rich: Written) -> None:
    running = running_of(rich)
    cut = replace(running, speeds=(replace(running.speeds[0], micro_batch=None), *running.speeds[1:]))
    assert [row[3].text for row in cost(cut, ENGLISH).rows] == [NOTHING, "8", "8", NOTHING]


def test_the_summary_of_the_vocabulary_has_what_the_report_reads() -> None:
    """The fixture has the fields that the stage writes."""
    (row,) = by_language({("s", "ind"): Tally()}, []).values()
    assert row.keys() == VOCABULARY["training_by_language"]["ind"].keys()
    assert by_size([], Pretokens(), (500,))[0].keys() == VOCABULARY["held_out_by_size"][0].keys()
    assert set(Saving.__dataclass_fields__) - {"side", "language"} <= row.keys()


def test_text_without_tokens_saves_nothing_and_breaks_nothing() -> None:
    empty = by_language({("s", "ind"): Tally()}, [])
    sizes = by_size([], Pretokens(), (500,))
    facts = VocabularyFacts.of(
        {**VOCABULARY, "training_by_language": empty, "held_out_by_language": {}, "held_out_by_size": sizes}
    )
    assert [s.saved_share for s in facts.savings] == [None]
    assert facts.sizes == ()


def test_each_number_of_words_is_one_point() -> None:
    facts = VocabularyFacts.of(VOCABULARY)
    assert [(s.words, s.saved_share) for s in facts.sizes] == [(500, 0.121), (1000, 0.169), (1875, 0.217)]
    assert [(s.side, s.language) for s in facts.savings] == [
        ("training", "eng"), ("training", "ind"), ("held_out", "ind"),
    ]  # fmt: skip
