"""CTranslate2 answers as the merged model does, up to the rounding of its weights to 8 bits."""

from pathlib import Path

import pytest

from rantau import files
from rantau.errors import MachineError, ModelError
from rantau.run.progress import Progress
from rantau.stages.export import ctranslate2 as ours
from rantau.stages.export.formats import write_ctranslate2
from rantau.stages.export.merged import PROMPTS
from tests.stages.export.small_models import build

QUIET = Progress(quiet=True)
installed = pytest.importorskip("ctranslate2", reason="pip install 'rantau[ctranslate2]'")


def agreement(merged: Path, folder: Path) -> tuple[float, float]:
    """(share of equal most likely next tokens, largest difference of a logit) over the prompts"""
    import numpy as np
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    generator = installed.Generator(str(folder), device="cpu", intra_threads=1)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(merged)
    same, n, difference = 0, 0, 0.0
    for text in PROMPTS:
        ids = tokenizer(text).input_ids
        there = np.array(generator.forward_batch([ids]))[0]
        with torch.no_grad():
            here = model(torch.tensor([ids])).logits[0].numpy()
        same, n = same + int((there.argmax(-1) == here.argmax(-1)).sum()), n + len(ids)
        difference = max(difference, float(abs(there - here).max()))
    return same / n, difference


@pytest.mark.parametrize("name", ["llama", "llama-untied", "qwen2", "qwen3"])
def test_the_conversion_is_exact_but_for_rounding(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged = build(tmp_path / "merged", name)
    told = write_ctranslate2(tmp_path / "int8", merged, threads=1, progress=QUIET)
    monkeypatch.setattr(ours, "QUANTISATION", "float32")
    exact = write_ctranslate2(tmp_path / "whole", merged, threads=1, progress=QUIET)
    assert exact.same_top == 1.0 and exact.same_greedy == exact.same_tokens == exact.n_prompts == 8
    share, difference = agreement(merged, tmp_path / "whole")
    assert share == 1.0 and difference < 1e-3
    share, difference = agreement(merged, tmp_path / "int8")
    assert (told.same_top, told.largest_difference) == (pytest.approx(share), pytest.approx(difference, rel=1e-3))
    assert files.read_json(tmp_path / "int8" / "agreement.json")["same_top"] == told.same_top
    assert share > 0.7  # 0.76 to 0.89 measured: a random model has near-ties everywhere
    assert (tmp_path / "int8" / "model.bin").stat().st_size < 0.5 * (
        tmp_path / "whole" / "model.bin"
    ).stat().st_size


def test_it_generates_and_brings_its_tokenizer(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    merged = build(tmp_path / "merged", "llama")
    write_ctranslate2(tmp_path / "out", merged, threads=1, progress=QUIET)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    text = tokenizer.apply_chat_template([{"role": "user", "content": "Halo"}], tokenize=False)
    assert text == "<|im_start|>user\nHalo<|im_end|>\n"
    tokens = tokenizer.convert_ids_to_tokens(tokenizer(text).input_ids)
    generator = installed.Generator(str(tmp_path / "out"), device="cpu", intra_threads=1)
    (answer,) = generator.generate_batch([tokens], max_length=5, sampling_topk=1, include_prompt_in_result=False)
    assert 0 < len(answer.sequences_ids[0]) <= 5


def test_what_it_computes_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no converter for Olmo"):
        write_ctranslate2(tmp_path / "out", build(tmp_path / "olmo", "olmo"), threads=1, progress=QUIET)
    with pytest.raises(ModelError, match=r"rotary positions as Llama 3\.1"):
        merged = build(tmp_path / "stretched", "llama3-rope")
        write_ctranslate2(tmp_path / "out", merged, threads=1, progress=QUIET)
    assert not (tmp_path / "out").exists()


def test_a_conversion_that_says_something_else_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged, other = build(tmp_path / "merged", "llama"), build(tmp_path / "other", "llama-untied")
    convert = ours._convert
    monkeypatch.setattr(ours, "_convert", lambda _, folder: convert(other, folder))
    with pytest.raises(ModelError, match=r"in CTranslate2 .* 50 % is the least for int8\. Nothing was written"):
        write_ctranslate2(tmp_path / "out", merged, threads=1, progress=QUIET)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["merged", "other"]


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MachineError, match=r"Run: pip install 'rantau\[ctranslate2\]'"):
        ours.check_installed()
