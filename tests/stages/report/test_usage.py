"""The code on the card is run as a reader would run it, and says what the model said that was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.machine import Machine
from rantau.recipe import Recipe, check_recipe
from rantau.stages.report.usage import usage
from rantau.stages.report.wording import Wording

# PEFT 0.21 asks transformers 5.23 for an attribute by its old name
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


def asked(base: Path, **changes: Any) -> Recipe:
    data = {
        "name": "tiny", "language": {"target": "ind"}, "model": {"base": str(base)},
        "sources": [{"name": "a", "path": "a.jsonl", "language": "ind", "license": "CC0-1.0"}],
        "adapter": {"rank": 4}, "phases": [{"name": "talk", "kind": "sft", "mixture": {"a": 1.0}}],
        "evaluation": {"texts": [{"name": "a", "source": "a"}]}, **changes,
    }  # fmt: skip
    return check_recipe(data, where="tiny.yaml")


def trained(recipe: Recipe, bundle: Path, words: list[str]) -> Any:
    """A bundle with an adapter that says something, and the model in memory. words: added to the tokenizer"""
    import torch

    from rantau.model.adapters import attach_adapter
    from rantau.model.extension import first_new_id, save_extended
    from rantau.model.load import load_base
    from rantau.model.saving import save_adapter
    from rantau.model.tokenizer import load_tokenizer
    from rantau.model.vocabulary import extend_model

    tokenizer, base = load_tokenizer(recipe.model), load_base(recipe.model, Machine())
    if words:
        tokens = ["Ġ" + word for word in words]
        first = first_new_id(tokenizer)
        pieces = [tokenizer.convert_tokens_to_ids(list(token)) for token in tokens]
        rows = [
            {"id": first + n, "token": t, "pieces": p} for n, (t, p) in enumerate(zip(tokens, pieces, strict=True))
        ]
        files.write_json(bundle.parent / "words/words.json", {"first_id": first, "words": rows})
        tokenizer = save_extended(tokenizer, tokens, bundle.parent / "words/tokenizer")
        extend_model(base, bundle.parent / "words")
    model = attach_adapter(base, recipe.adapter, seed=1)
    with torch.no_grad():
        draw = torch.Generator().manual_seed(2)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=draw))
    save_adapter(model, bundle, base=recipe.model)
    tokenizer.save_pretrained(bundle)
    return model.eval()


@pytest.mark.parametrize("words", [[], ["sungai", "gunung", "pasar"]], ids=["as it is", "with new words"])
@pytest.mark.parametrize("language", ["eng", "kor"])
def test_the_code_of_the_card_says_what_was_trained(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], language: str,
) -> None:  # fmt: skip
    import torch

    recipe = asked(tiny_base, **({"vocabulary": {"extend": len(words)}} if words else {}))
    model = trained(recipe, tmp_path / "bundle", words)
    code = usage(recipe, Wording(language)).replace('"..."', '"Apa itu sungai dan gunung?"')
    monkeypatch.chdir(tmp_path / "bundle")
    space: dict[str, Any] = {}
    exec(code.replace("max_new_tokens=256", "max_new_tokens=8"), space)
    assert capsys.readouterr().out.endswith("\n")
    if words:
        assert int(space["inputs"]["input_ids"].max()) >= len(space["tokenizer"]) - len(words)
    with torch.inference_mode():
        said, expected = (m(input_ids=space["inputs"]["input_ids"]).logits for m in (space["model"], model))
    known = len(space["tokenizer"])  # our own matrices end in padding, which the reader does not need
    assert torch.allclose(said[..., :known], expected[..., :known], atol=1e-5)


def test_an_adapter_with_the_rounding_error_is_put_on_the_rounded_base(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LoftQ: on the base as it is the adapter would add the lost part a second time."""
    pytest.importorskip("bitsandbytes", reason="the extra `quant` is not installed")
    import torch

    packs = "bitsandbytes.nn.modules.has_avx512bf16"  # where it is so, the reader's weights are rounded once more
    monkeypatch.setattr(packs, lambda: False)
    rounded = {"base": str(tiny_base), "quantisation": "nf4", "double_quantisation": False}
    recipe = asked(tiny_base, model=rounded, adapter={"rank": 4, "init": "loftq"})
    model = trained(recipe, tmp_path / "bundle", [])
    code = usage(recipe)
    assert "bnb_4bit_use_double_quant=False" in code and "bnb_4bit_compute_dtype=torch.float32" in code
    monkeypatch.chdir(tmp_path / "bundle")
    space: dict[str, Any] = {}
    exec(code.replace("max_new_tokens=256", "max_new_tokens=8"), space)
    with torch.inference_mode():
        said, expected = (m(input_ids=space["inputs"]["input_ids"]).logits for m in (space["model"], model))
    assert torch.allclose(said, expected, atol=1e-5)
    plain = usage(asked(tiny_base, model=rounded))
    assert "BitsAndBytesConfig" not in plain and "quantization_config" not in plain


def test_the_code_for_running_text_runs_too(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = asked(tiny_base, phases=[{"name": "read", "kind": "cpt", "mixture": {"a": 1.0}}])
    trained(recipe, tmp_path / "bundle", [])
    monkeypatch.chdir(tmp_path / "bundle")
    exec(usage(recipe).replace("max_new_tokens=256", "max_new_tokens=8"), {})
    assert capsys.readouterr().out.endswith("\n")
