"""One recipe with all that training and export can do at once, by the command line: a longer vocabulary, and three
phases with adapters of two kinds."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from tests.flow.small import rantau, sentence, write_project

TRAINING = """\
vocabulary: {extend: 24}
adapter: {rank: 4, loraplus_ratio: 4, rslora: true}
phases:
  - name: read
    kind: cpt
    mixture: {news: 0.8, english: 0.2}
    max_tokens: 32
    over_long: split
    packing: best_fit
    schedule: wsd
    ema: 0.5
    early_stopping: {every_steps: 3, patience: 2}
  - name: talk
    kind: sft
    mixture: {talks: 1.0}
    max_tokens: 128
    batch_size: 4
    previous_adapter: merge
    adapter: {rank: 8, targets: mlp, init: pissa}
  - name: prefer
    kind: dpo
    mixture: {pairs: 1.0}
    max_tokens: 128
    batch_size: 4
    epochs: 2
    learning_rate: 1e-3
    adapter: {rank: 8, targets: mlp, init: pissa}
"""
EXPORT = "export: {ctranslate2: true, zip: true}\n"
PAIRS = "  - {name: pairs, path: pairs.jsonl, language: ind, license: CC0-1.0, holdout: {share: 0.2}}\n"


def write_everything(folder: Path, base: Path) -> Path:
    recipe = write_project(folder, base)
    draw = random.Random(5)
    rows = [
        {"prompt": f"{sentence(draw)} Mengapa?", "chosen": sentence(draw), "rejected": "Tidak tahu sama sekali."}
        for _ in range(40)
    ]
    files.write_jsonl(folder / "pairs.jsonl", rows)
    text = recipe.read_text()
    before, rest = text.split("curation:", 1)
    curation, rest = rest.split("adapter:", 1)
    _, evaluation = rest.split("evaluation:", 1)
    recipe.write_text(f"{before}{PAIRS}curation:{curation}{TRAINING}evaluation:{evaluation}{EXPORT}")
    return recipe


pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def run(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everything")
    write_everything(folder, tiny_base)
    done = rantau("run", "small.yaml", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "small"


def summary(run: Path, phase: str) -> dict[str, Any]:
    found: dict[str, Any] = files.read_json(run / "stages" / f"train-{phase}" / "summary.json")
    return found


def test_every_phase_learns_what_it_is_asked(run: Path) -> None:
    read, talk, prefer = (summary(run, name) for name in ("read", "talk", "prefer"))
    assert read["held_back"] > 0 and read["held_back_bits_per_byte"] > 0
    assert (
        read["rows"] + read["held_back"]
        == files.read_json(run / "stages" / "format" / "counts.json")["read"]["rows"]
    )
    assert talk["trainable"] == prefer["trainable"] != read["trainable"]
    assert prefer["first_loss"] == pytest.approx(0.6931, abs=1e-3), "nothing is preferred before the first step"
    assert prefer["last_loss"] < prefer["first_loss"]


def test_the_format_counts_add_up(run: Path) -> None:
    for name, counts in files.read_json(run / "stages" / "format" / "counts.json").items():
        used = counts["learnt_tokens"] + counts["masked_tokens"] + counts["tokens_cut"] + counts["tokens_dropped"]
        assert counts["tokens_in"] == used > 0, name


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT asks transformers
def test_the_words_of_the_card_load_the_bundle_and_it_says_what_the_merged_model_says(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain PEFT and transformers, by the lines that the card shows; the adapters of all phases are one."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    monkeypatch.chdir(run / "bundle")
    shown = re.search(r"```python\n(.+?)```", Path("README.md").read_text(), re.DOTALL)
    assert shown is not None
    names: dict[str, Any] = {}
    exec(shown[1].replace("max_new_tokens=256", "max_new_tokens=2"), names)
    tokenizer = AutoTokenizer.from_pretrained(run / "merged")
    merged = AutoModelForCausalLM.from_pretrained(run / "merged")
    text = "Ibu membaca sesuatu di rumah lalu pulang ke pasar bersama ayah."
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    words = {word["text"] for word in files.read_json(Path("words.json"))["words"]}
    assert len(words) == 24 and "bersama" in {tokenizer.decode(i).strip() for i in ids[0]}
    with torch.no_grad():
        by_card, by_merged = names["model"](ids).logits, merged(ids).logits
    assert by_card.shape[-1] == len(tokenizer) <= by_merged.shape[-1], "the merged model is padded to 64 rows"
    torch.testing.assert_close(by_card, by_merged[..., : len(tokenizer)], rtol=1e-4, atol=1e-4)
