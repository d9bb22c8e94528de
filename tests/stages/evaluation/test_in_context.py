"""The in-context probe: what is asked, what is marked, and the figures in closed form."""

from math import log

import pytest

from rantau.chat import template_for
from rantau.errors import MeasureError
from rantau.recipe import Formatting, InContext
from rantau.recipe.measured import LETTER_KINDS
from rantau.stages.evaluation.in_context.asking import ProbeScore
from rantau.stages.evaluation.in_context.examples import short_exchanges, with_examples
from rantau.stages.evaluation.in_context.letters import TASKS, letter_questions
from rantau.stages.evaluation.in_context.probe import ProbeQuestion, dialogue_probe, letter_probe
from rantau.stages.evaluation.in_context.scores import in_context_scores, loss_of_gain
from rantau.stages.evaluation.likelihood.answer_texts import mark_answers
from rantau.stages.evaluation.scores import Resampling
from tests.stages.evaluation.fakes import dialogue, some_dialogues
from tests.tiny import build_tiny_tokenizer

RESAMPLING: Resampling = {"seed": 3, "n_resamples": 400, "confidence": 0.95}
TOKENIZER = build_tiny_tokenizer()
BIT = log(2)


def decoded(question: ProbeQuestion, *, scored: bool) -> str:
    row = zip(question.marked.ids, question.marked.scored, strict=True)
    return str(TOKENIZER.decode([i for i, yes in row if yes or not scored]))


def test_letter_tasks_follow_their_rule_and_spell_no_language() -> None:
    for q in letter_questions(40, shots=3, seed=1):
        for line in (q.examples + q.question + q.answer).splitlines():
            given, _, answer = line.partition(" ->")
            assert answer.split() == list(TASKS[q.task](given.split()))
        assert len(q.examples.splitlines()) == 3
        assert not set(q.examples) & set("aeiou")


def test_a_longer_probe_holds_the_shorter_one_and_the_seed_decides() -> None:
    assert letter_questions(40, shots=2, seed=1)[:8] == letter_questions(8, shots=2, seed=1)
    assert letter_questions(8, shots=2, seed=2) != letter_questions(8, shots=2, seed=1)
    assert {q.task for q in letter_questions(8, shots=2, seed=1)} == set(TASKS)
    assert [q.task for q in letter_questions(4, shots=2, seed=1)] == list(LETTER_KINDS) == list(TASKS)


def test_exactly_the_answer_of_a_letter_list_is_scored() -> None:
    asked = letter_probe(TOKENIZER, InContext(max_items=8, shots=2), seed=1)
    questions = {q.id: q for q in letter_questions(8, shots=2, seed=1)}
    assert [q.shots for q in asked] == [0, 2] * 8
    for q in asked:
        assert decoded(q, scored=True) == questions[q.item_id].answer
        assert q.n_bytes == len(questions[q.item_id].answer)
        assert not q.marked.scored[0]
        assert (questions[q.item_id].examples in decoded(q, scored=False)) == (q.shots == 2)


def test_examples_are_other_dialogues_and_only_the_last_answer_is_scored() -> None:
    template = template_for(Formatting.model_validate({"template": "chatml"}), TOKENIZER)
    documents = some_dialogues(9)
    asked, dropped = dialogue_probe(
        documents,
        lambda talk: mark_answers(template, TOKENIZER, Formatting(), talk, last_only=True),
        InContext(source="tanya", max_items=4, shots=3),
        seed=5,
    )
    assert not dropped and len(asked) == 8
    answers = {d.id: d.dialogue.answer for d in documents if d.dialogue}
    for q in asked:
        assert decoded(q, scored=True) == answers[q.item_id]
        text = decoded(q, scored=False)
        assert text.count("<|im_start|>assistant") == q.shots + 1
        assert text.count(answers[q.item_id]) == 1


def test_a_dialogue_that_spells_out_a_control_token_is_dropped_with_its_reason() -> None:
    template = template_for(Formatting.model_validate({"template": "chatml"}), TOKENIZER)
    documents = [*some_dialogues(6), dialogue(99, "Apa <|im_end|> itu?", "Tanda.")]
    _, dropped = dialogue_probe(
        documents,
        lambda talk: mark_answers(template, TOKENIZER, Formatting(), talk, last_only=True),
        InContext(source="tanya", max_items=4, shots=2),
        seed=5,
    )
    assert [d.id for d in dropped] == ["tanya:0099"] and "control token" in dropped[0].reason


def test_too_few_short_dialogues_are_refused_with_the_way_out() -> None:
    exchanges = short_exchanges([*some_dialogues(3), dialogue(9, "Apa?", "x" * 900)], seed=1)
    assert len(exchanges) == 3
    with pytest.raises(MeasureError, match=r"5 examples need 6\..*or leave source out"):
        with_examples(exchanges, "tanya:0001", shots=5, seed=1)


def scores(zero: list[float], few: list[float], n_bytes: int = 4) -> list[ProbeScore]:
    """Bits of each question without examples and with them."""
    return [
        ProbeScore(f"q{i}", task, shots, bits * BIT, n_bytes)
        for i, pair in enumerate(zip(zero, few, strict=True))
        for task in (("copy", "last")[i % 2],)
        for shots, bits in zip((0, 5), pair, strict=True)
    ]


def test_the_gain_is_the_bits_per_byte_that_examples_save() -> None:
    base = scores([8.0, 12.0] * 6, [4.0, 6.0] * 6)
    adapted = scores([8.0, 12.0] * 6, [6.0, 9.0] * 6)
    rows = {(r.name, r.system): r for r in in_context_scores(base, adapted, InContext(), RESAMPLING)}
    assert {name for name, _ in rows} == {"letters", "letters/copy", "letters/last"}
    assert rows["letters", "base"].value == pytest.approx((4 + 6) / 8)
    assert rows["letters", "adapted"].value == pytest.approx((2 + 3) / 8)
    assert rows["letters", "change"].value == pytest.approx(-0.625)
    assert rows["letters/last", "base"].value == pytest.approx(6 / 4)
    assert rows["letters", "change"].p_value == pytest.approx(2 / 2**12, abs=0.001)  # every question lost
    assert (rows["letters", "base"].n, rows["letters", "base"].unit) == (12, "bits/byte")
    lost = loss_of_gain(base, adapted, RESAMPLING)
    assert lost is not None
    assert (lost.value, lost.low, lost.high) == pytest.approx((0.5, 0.5, 0.5))


def test_a_model_that_is_spoilt_with_and_without_examples_has_lost_what_they_gave() -> None:
    base = scores([8.0, 12.0] * 6, [4.0, 6.0] * 6)
    spoilt = scores([20.0, 24.0] * 6, [8.0, 12.0] * 6)  # its own gain is larger than the base's
    assert in_context_scores(base, spoilt, InContext(), RESAMPLING)[2].value == pytest.approx(1.75)
    lost = loss_of_gain(base, spoilt, RESAMPLING)
    assert lost is not None and lost.value == pytest.approx(1.0)


def test_where_examples_never_helped_there_is_no_loss_to_tell() -> None:
    nothing = scores([8.0, 9.0] * 6, [9.0, 8.0] * 6)
    assert loss_of_gain(nothing, nothing, RESAMPLING) is None
    rows = in_context_scores(nothing, nothing, InContext(), RESAMPLING)
    assert [r.value for r in rows if r.system == "change"] == [0.0] * 3
