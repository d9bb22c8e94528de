"""The proof of a merge: equal logits, and how far the quantised model is that was trained."""

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.chat import template_for
from rantau.machine import Machine
from rantau.model.adapters import load_adapter, save_adapter
from rantau.model.tokenizer import load_tokenizer
from rantau.recipe import Formatting, Model
from rantau.run.progress import Progress
from rantau.stages.export.merged import Proof, proof_told, write_merged, write_proof
from tests.model.adapted import apart, attached, base_of, learn


def merge(base: Path, folder: Path, *, kind: dict[str, Any] | None = None, **model: Any) -> tuple[Proof, Any, Any]:
    """(proof, the merged model read back, the model that was trained)"""
    from transformers import AutoModelForCausalLM

    asked = Model(base=str(base), **model)
    found = learn(attached(asked, **(kind or {})))
    save_adapter(found, folder / "adapter", base=asked)
    tokenizer = load_tokenizer(asked)
    proof = write_merged(
        folder / "merged", folder / "adapter", asked, tokenizer, template_for(Formatting(), tokenizer), Machine(),
        Progress(quiet=True),
    )  # fmt: skip
    write_proof(folder / "proof.json", proof)
    return proof, AutoModelForCausalLM.from_pretrained(folder / "merged", dtype="float32"), found


def test_bfloat16_is_rounded_once(tiny_base: Path, tmp_path: Path) -> None:
    proof, alone, _ = merge(tiny_base, tmp_path, dtype="bfloat16")
    assert (proof.base, proof.quantised) == ("unquantised", None)
    assert 1e-6 < proof.max_abs_logit_difference < 0.1 < proof.limit
    asked = Model(base=str(tiny_base))
    exact = load_adapter(base_of(asked), tmp_path / "adapter", trainable=False)
    assert apart(alone, exact) < 0.1


@pytest.mark.parametrize("kind", [{}, {"dora": True}, {"init": "pissa"}], ids=str)
def test_float32_merges_every_kind(tiny_base: Path, tmp_path: Path, kind: dict[str, Any]) -> None:
    proof, alone, trained = merge(tiny_base, tmp_path, kind=kind)
    assert proof.max_abs_logit_difference < 1e-5 and proof.greedy_equal
    assert apart(alone, trained) < 1e-5


@pytest.mark.parametrize("asked", [{"quantisation": "nf4"}, {"quantisation": "int8"}], ids=str)
def test_a_quantised_base_is_merged_unquantised_and_the_gap_is_told(
    tiny_base: Path, tmp_path: Path, asked: dict[str, Any]
) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra `quant` is not installed")
    proof, alone, trained = merge(tiny_base, tmp_path, **asked)
    assert proof.base == "unquantised" and proof.max_abs_logit_difference < 1e-5
    exact = load_adapter(base_of(Model(base=str(tiny_base))), tmp_path / "adapter", trainable=False)
    assert apart(alone, exact) < 1e-5
    gap = proof.quantised
    assert gap is not None and gap.kind == asked["quantisation"]
    assert 0 < gap.mean_abs_logit_difference < gap.max_abs_logit_difference
    assert gap.max_abs_logit_difference > 100 * proof.max_abs_logit_difference
    assert 0 <= gap.equal_greedy_share <= 1
    assert apart(alone, trained) > 1e-3  # they do differ
    assert files.read_json(tmp_path / "proof.json")["quantised"]["kind"] == asked["quantisation"]
    first, second = proof_told(proof)
    assert first.startswith("export: merged equals base and adapter: no logit differs by more than")
    assert f"the {asked['quantisation']} model that was trained is not quite the merged one" in second
    assert "whose base is unquantised" in second and second.endswith("% of greedy tokens are equal")


def test_loftq_is_merged_with_the_rounded_base_and_is_what_was_trained(tiny_base: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra `quant` is not installed")
    proof, alone, trained = merge(tiny_base, tmp_path, kind={"init": "loftq"}, quantisation="nf4")
    assert proof.base == "rounded to nf4"
    assert apart(alone, trained) < 1e-5
    assert proof.quantised and proof.quantised.max_abs_logit_difference < 1e-4
    assert proof.quantised.equal_greedy_share == 1.0
