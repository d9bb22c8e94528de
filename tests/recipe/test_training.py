"""What a recipe of training is refused for, before anything runs: each message says what and what to do."""

from typing import Any

import pytest

from rantau.errors import RecipeError
from rantau.recipe import Adapter, Recipe, check_recipe


def recipe(*phases: dict[str, Any], **more: Any) -> Recipe:
    """The phases' own values over a small, sound recipe."""
    sound = {"kind": "cpt", "mixture": {"a": 1.0}}
    data = {
        "name": "small", "language": {"target": "ind"}, "model": {"base": "org/base"},
        "sources": [{"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}],
        "phases": [{"name": f"p{n}", **sound, **phase} for n, phase in enumerate(phases or ({},))],
        "evaluation": {"texts": [{"name": "a", "source": "a"}]}, **more,
    }  # fmt: skip
    return check_recipe(data, where="small.yaml")


MERGE = {"previous_adapter": "merge"}
NF4, INT8 = {"base": "b", "quantisation": "nf4"}, {"base": "b", "quantisation": "int8"}
SINGLE = {"base": "b", "double_quantisation": False}
REFUSED: list[tuple[list[dict[str, Any]], dict[str, Any], str]] = [
    ([MERGE], {}, r"phases\.p0\.previous_adapter: merge, but there is no phase before it"),
    ([{}, {"adapter": {"rank": 4}}], {}, r"p1\.adapter differs from that of the phase before; write prev"),
    ([{}, MERGE], {"adapter": {"dora": True}}, r"phases\.p1\.previous_adapter: merge cannot be joined with dora"),
    ([{}, {**MERGE, "adapter": {"dora": True}}], {}, r"merge cannot be joined with dora"),
    ([], {"adapter": {"init": "pissa"}, "model": NF4}, r"pissa needs model\.quantisation: none, got nf4"),
    ([], {"adapter": {"init": "loftq"}}, r"loftq needs model\.quantisation: nf4, got none"),
    ([], {"adapter": {"init": "loftq"}, "model": INT8}, r"loftq needs .*nf4, got int8"),
    ([{}, MERGE], {"adapter": {"init": "loftq"}, "model": NF4}, r"loftq, but an adapter before it holds what"),
    ([], {"adapter": {"alpha": 0}}, r"adapter\.alpha"),
    ([], {"adapter": {"init": "pissa", "dora": True}}, r"init: pissa cannot be joined with dora: true"),
    ([], {"adapter": {"layers": []}}, r"layers must name each layer once and at least one"),
    ([], {"adapter": {"layers": [1, 1]}}, r"layers must name each layer once"),
    ([], {"adapter": {"targets": "heads"}}, r"adapter\.targets"),
    ([], {"model": SINGLE}, r"double_quantisation: false needs quantisation: nf4, got none"),
    ([], {"vocabulary": {"rate_share": 0.1}}, r"rate_share needs extend: 2000"),
    ([], {"vocabulary": {"extend": 10, "sources": ["b"]}}, r"vocabulary\.sources names the source b"),
    ([{"kind": "sft", "over_long": "split"}], {}, r"over_long: split would part a question from its answer"),
    ([{"beta": 0.3}], {}, r"beta needs kind: dpo, got cpt"),
    ([{"kind": "dpo", "packing": "best_fit"}], {}, r"packing cannot be used with kind: dpo"),
    ([{"kind": "dpo", "early_stopping": {}}], {}, r"early_stopping cannot be used with kind: dpo"),
    ([{"kind": "dpo", "loss_on": "all"}], {}, r"loss_on: all cannot be used with kind: dpo"),
    ([{"kind": "cpt", "loss_on": "answers"}], {}, r"loss_on: answers needs dialogues, but kind is cpt"),
    ([{"decay_share": 0.3}], {}, r"decay_share needs schedule: wsd, got cosine"),
    ([{"cycles": 2}], {}, r"cycles needs schedule: cosine_restarts"),
    ([{"schedule": "constant", "floor_share": 0.1}], {}, r"floor_share needs a schedule that decays"),
    ([{"ema": 1.0}], {}, r"ema: input should be less than 1"),
    ([{"optimiser": "sgd"}], {}, r"phases\.p0\.optimiser"),
    ([{"mixture": {"a": 0.5}}], {}, r"shares of mixture must sum to 1, got 0\.5"),
    ([{"batch_size": 32, "claims": {"per_device_batch": 4, "accumulation_steps": 16}}], {},
     r"claims: 4 rows x 16 passes x 1 devices is 64, but batch_size is 32"),
    ([{"batch_size": 64, "claims": {"per_device_batch": 4, "accumulation_steps": 16, "devices": 2}}], {},
     r"4 rows x 16 passes x 2 devices is 128, but batch_size is 64"),
    ([{"claims": {"accumulation_steps": 16}}], {}, r"accumulation_steps and devices need per_device_batch"),
    ([{"kind": "dpo", "max_tokens": 512, "claims": {"tokens_per_step": 4096}}], {},
     r"tokens_per_step 4,096 is not batch_size x max_tokens x 2 answers = 8,192"),
    ([{"batch_size": 8, "max_tokens": 512, "claims": {"tokens_per_step": 2048}}], {},
     r"tokens_per_step 2,048 is not batch_size x max_tokens = 4,096"),
]  # fmt: skip


@pytest.mark.parametrize(("phases", "more", "message"), REFUSED)
def test_it_is_refused(phases: list[dict[str, Any]], more: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(*phases, **more)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(
            {},
            {"adapter": {"rank": 4}},
            adapter={"init": "loftq"},
            model={"base": "b", "double_quantisation": False},
        )
    text = str(caught.value)
    assert "p1.adapter differs" in text and "p0: init: loftq needs" in text and "double_quantisation" in text


def test_what_belongs_together_is_taken() -> None:
    found = recipe(
        {
            "packing": "best_fit",
            "over_long": "split",
            "ema": 0.99,
            "early_stopping": {},
            "optimiser": "adamw_8bit",
        },
        {"kind": "sft", "adapter": {"rank": 4, "targets": "mlp", "layers": [-1, 0]}, "previous_adapter": "merge"},
        {"kind": "dpo", "adapter": {"rank": 4, "targets": "mlp", "layers": [-1, 0]}, "beta": 0.2},
        model={"base": "b", "quantisation": "nf4", "double_quantisation": False, "adapter": "org/own"},
    )
    assert [found.adapter_of(phase).rank for phase in found.phases] == [16, 4, 4]
    assert found.phases[0].loss_on == "all" and found.phases[1].loss_on == "answers"


def test_a_true_claim_is_taken() -> None:
    claims = {"per_device_batch": 4, "accumulation_steps": 8, "devices": 2, "tokens_per_step": 64 * 512}
    assert recipe({"batch_size": 64, "claims": claims}).phases[0].claims


def test_an_adapter_of_another_start_is_another_adapter() -> None:
    assert Adapter(init="pissa") != Adapter() != Adapter(layers=[0])
