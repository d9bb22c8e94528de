"""Gates: judged by the value itself, and a run that ends where one of them holds."""

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import MeasureError, RecipeError
from rantau.pipeline import stages_of
from rantau.recipe import Evaluation, Language
from rantau.records import Gate, Score
from rantau.stages.evaluation.asked import Asked
from rantau.stages.evaluation.gate import GATE, GATES
from rantau.stages.evaluation.gates import judge_gates
from rantau.stages.evaluation.likelihood.texts import TextScore
from tests.stages.evaluation.fakes import context, recipe
from tests.stages.evaluation.test_in_context import RESAMPLING, scores

TEXTS = [{"name": "id", "source": "berita"}, {"name": "en", "source": "news"}, {"name": "talk", "source": "chat"}]
LANGUAGES = {"berita": "ind", "news": "eng", "chat": "eng"}


def asked(rise: dict[str, float], few: float) -> Asked:
    """nats of 3 documents a text, `rise` times those of the base; the probe's bits with examples"""
    texts = tuple(
        TextScore(text, f"{text}:{i}", (50.0 + i) * rise.get(text, 1.0), 20, 9)
        for text in ("id", "en", "talk")
        for i in range(3)
    )
    return Asked(texts, (), (), "", tuple(scores([8.0, 9.0] * 3, [few] * 6)))


def judge(*conditions: str, few: float = 4.0, base_few: float = 4.0) -> list[Gate]:
    evaluation = Evaluation.model_validate({"texts": TEXTS, "fail_if": list(conditions)})
    rows = [Score("chrf++", "tanya", "points", "higher", "change", 1.5, -0.5, 3.0, 9, "s")]
    rows.append(Score("bleu", "tanya", "points", "higher", "change", None, None, None, 9, "s", reason="why"))
    base, adapted = asked({}, base_few), asked({"en": 1.03, "talk": 1.03, "id": 0.8}, few)
    return judge_gates(evaluation, Language(target="ind"), LANGUAGES, rows, base, adapted, RESAMPLING)


def test_a_rise_pools_all_texts_of_its_language() -> None:
    source, target = judge("source_bpb_rise > 0.02", "target_bpb_rise > -0.1")
    assert (source.value, source.low, source.high) == pytest.approx((0.03, 0.03, 0.03))
    assert source.failed and source.limit == 0.02
    assert target.value == pytest.approx(-0.2) and not target.failed


def test_a_row_of_scores_is_judged_by_its_value() -> None:
    passed, held = judge("chrf++.tanya.change < 1", "chrf++.tanya.change < 2")
    assert (passed.failed, held.failed) == (False, True)
    assert (held.value, held.low, held.high) == (1.5, -0.5, 3.0)


def test_what_could_not_be_measured_has_not_passed() -> None:
    unmeasured, absent, nothing = judge(
        "bleu.tanya.change < 0", "rouge1.tanya.base < 0", "in_context_loss > 0.1", base_few=8.5
    )
    assert [g.failed for g in (unmeasured, absent, nothing)] == [True] * 3
    assert (unmeasured.reason, absent.reason) == ("why", "The comparison has no such figure.")
    assert nothing.value is None and "no loss can be told" in str(nothing.reason)


def test_the_loss_of_examples_is_a_share_of_the_base_gain() -> None:
    lost, kept = judge("in_context_loss > 0.2", "in_context_loss > 0.3", few=5.0)
    assert lost.value == pytest.approx(1 - 3.5 / 4.5)
    assert (lost.failed, kept.failed) == (True, False)


def gated(tmp_path: Path, rows: list[dict[str, Any]]) -> Any:
    files.write_json(tmp_path / "compare" / GATES, rows)
    return context(GATE, recipe("m"), tmp_path / "gate", compare=tmp_path / "compare")


def test_the_stage_ends_the_run_and_names_every_condition_that_holds(tmp_path: Path) -> None:
    gates = judge("source_bpb_rise > 0.02", "target_bpb_rise > 0", "bleu.tanya.change < 0")
    rows = [gate.to_row() for gate in gates]
    with pytest.raises(MeasureError) as caught:
        GATE.run(gated(tmp_path, rows))
    message = str(caught.value)
    assert message.startswith("2 of 3 conditions of evaluation.fail_if hold, so nothing is exported: ")
    assert "source_bpb_rise > 0.02 (it is 0.03 [0.03, 0.03]); bleu.tanya.change < 0 (why)" in message
    assert "target_bpb_rise" not in message


def test_a_run_that_passes_goes_on(tmp_path: Path) -> None:
    ctx = gated(tmp_path, [gate.to_row() for gate in judge("source_bpb_rise > 0.05")])
    assert GATE.run(ctx).n_passed == 1
    assert files.read_json(ctx.out / GATES)[0]["condition"] == "source_bpb_rise > 0.05"


@pytest.mark.parametrize("metric", ["language_fidelity", "sentence_fidelity"])
def test_a_language_that_cannot_be_told_is_refused_before_anything_runs(tmp_path: Path, metric: str) -> None:
    assert GATE.fingerprint is not None
    condition = {"fail_if": ["target_bpb_rise > 0", f"{metric}.tanya.adapted < 0.9"]}
    for target in ("ind", "sun"):
        asked = recipe("m", target=target)
        gates = asked.model_copy(update={"evaluation": asked.evaluation.model_copy(update=condition)})
        if target == "ind":
            assert GATE.fingerprint(gates, tmp_path) == {}
            continue
        with pytest.raises(
            RecipeError, match=rf"'{metric}\.tanya\.adapted' will never have a value: py3langid has no"
        ):
            GATE.fingerprint(gates, tmp_path)


def test_only_a_recipe_with_conditions_has_the_stage_and_it_stands_before_the_export() -> None:
    asked = recipe("m")
    condition = {"fail_if": ["target_bpb_rise > 0"]}
    gated_recipe = asked.model_copy(update={"evaluation": asked.evaluation.model_copy(update=condition)})
    assert "gate" not in [stage.name for stage in stages_of(asked)]
    assert [stage.name for stage in stages_of(gated_recipe)][-3:] == ["report", "gate", "export"]
