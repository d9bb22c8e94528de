"""Both answer stages and the comparison with the tiny model itself."""

from dataclasses import asdict
from pathlib import Path

import pytest

from rantau import files
from rantau.machine import Machine
from rantau.stages.evaluation.stage import COMPARE, answer_stage
from tests.stages.evaluation.fakes import context, document, gathered, recipe, some_dialogues

TEXTS = [document(i, f"Berita ke-{i}: hari ini hujan " + "deras " * (i % 9)) for i in range(12)]


def adapter(folder: Path, base: Path) -> Path:
    """An adapter whose B is not zero, so that it speaks."""
    import torch

    from rantau.model.adapters import attach_adapter, save_adapter
    from rantau.model.load import load_base

    asked = recipe(base)
    model = attach_adapter(load_base(asked.model, Machine()), asked.adapter, seed=1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.fill_(0.05)
    save_adapter(model, folder / "adapter", base=asked.model)
    return folder


def test_two_systems_are_asked_the_same_and_differ(tiny_base: Path, tmp_path: Path) -> None:
    asked = recipe(tiny_base, prompts={"max_items": 6, "max_new_tokens": 6})
    heldout = gathered(tmp_path / "g", TEXTS, some_dialogues(10))
    trained = adapter(tmp_path / "train", tiny_base)
    base, adapted = answer_stage("base", adapter_from=None), answer_stage("adapted", adapter_from="train-sft")
    first = context(base, asked, tmp_path / "base", gather=heldout)
    second = context(adapted, asked, tmp_path / "adapted", gather=heldout, train_sft=trained)
    base.run(first)
    adapted.run(second)
    for name in ("items.jsonl", "prompts.json"):
        assert (first.out / name).read_bytes() == (second.out / name).read_bytes()
    ctx = context(COMPARE, asked, tmp_path / "c", answer_base=first.out, answer_adapted=second.out)
    summary = asdict(COMPARE.run(ctx))
    assert summary["n_items"] == 6
    assert summary["changes"]["bits_per_byte, berita"] != 0
    scores = {(r["metric"], r["system"]): r["value"] for r in files.read_json(ctx.out / "scores.json")}
    assert scores["perplexity", "base"] == pytest.approx(400, rel=0.2)  # random weights: about the vocabulary
