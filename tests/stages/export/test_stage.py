"""What is exported loads elsewhere and says the same; what does not is never there."""

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import MachineError, ModelError, SourceError
from rantau.machine import Machine
from rantau.model.adapters import attach_adapter, load_adapter, save_adapter
from rantau.model.load import load_base
from rantau.recipe import Adapter, Model, Recipe, Vocabulary, check_recipe
from rantau.run.progress import Progress
from rantau.run.stage import Context, Declared
from rantau.stages.export import merged
from rantau.stages.export.stage import SCRATCH, ExportSummary, export_stage

STAGE = export_stage("train-sft")


@pytest.fixture(scope="module")
def inputs(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A trained phase whose adapter says something, and a card."""
    import torch

    folder, base = tmp_path_factory.mktemp("inputs"), Model(base=str(tiny_base))
    model = attach_adapter(load_base(base, Machine()), Adapter(rank=4), seed=1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.linspace(-0.2, 0.2, parameter.numel()).view_as(parameter))
    save_adapter(model, folder / "train" / "adapter", base=base)
    files.write_text(folder / "report" / "card.md", "# The card\n")
    return {"train-sft": folder / "train", "report": folder / "report"}


def recipe(base: Path, *, dtype: str = "float32", template: str = "auto", **export: Any) -> Recipe:
    data = {
        "name": "tiny", "language": {"target": "ind"}, "model": {"base": str(base), "dtype": dtype},
        "sources": [{"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}],
        "formatting": {"template": template}, "export": export,
        "phases": [{"name": "sft", "kind": "sft", "mixture": {"a": 1.0}}],
        "evaluation": {"texts": [{"name": "a", "source": "a"}]},
    }  # fmt: skip
    return check_recipe(data, where="tiny.yaml")


def export(asked: Recipe, inputs: dict[str, Path], out: Path, progress: Progress | None = None) -> ExportSummary:
    out.mkdir(parents=True, exist_ok=True)
    quiet = progress or Progress(quiet=True)
    summary: ExportSummary = STAGE.run(
        Context(Declared(asked, STAGE.slices), Path(), inputs, out, Machine(), quiet)
    )
    return summary


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.tensor([[5, 6, 7, 8, 9]])).logits


def test_the_bundle_loads_with_plain_peft_and_transformers(
    tiny_base: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    export(recipe(tiny_base, merged=False), inputs, tmp_path)
    base = AutoModelForCausalLM.from_pretrained(tiny_base)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")  # PEFT 0.21, transformers 5.23
        found = PeftModel.from_pretrained(base, str(tmp_path / "bundle"))
    ours = load_adapter(
        load_base(Model(base=str(tiny_base)), Machine()), inputs["train-sft"] / "adapter", trainable=False
    )
    assert torch.equal(logits(found), logits(ours))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "bundle")
    said = tokenizer.apply_chat_template([{"role": "user", "content": "Halo"}], tokenize=False)
    assert said == "<|im_start|>user\nHalo<|im_end|>\n"
    assert (tmp_path / "bundle" / "README.md").read_text() == "# The card\n"
    assert not (tmp_path / "merged").exists() and not (tmp_path / "proof.json").exists()


def test_the_template_that_was_trained_is_shipped(
    tiny_base: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    export(recipe(tiny_base, template="plain", merged=False), inputs, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "bundle")
    turns = [{"role": "user", "content": "Halo"}]
    assert tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True).endswith(
        "User: Halo\nAssistant:"
    )


def test_the_merged_model_loads_alone_and_says_the_same(
    tiny_base: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    summary = export(recipe(tiny_base), inputs, tmp_path)
    adapted = load_adapter(
        load_base(Model(base=str(tiny_base)), Machine()), inputs["train-sft"] / "adapter", trainable=False
    )
    alone = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    base = AutoModelForCausalLM.from_pretrained(tiny_base)
    assert (logits(alone) - logits(adapted)).abs().max() < 1e-5 < (logits(base) - logits(adapted)).abs().max()
    proof = files.read_json(tmp_path / "proof.json")
    assert 0 <= proof["max_abs_logit_difference"] < 1e-5 and proof["greedy_equal"] is True
    assert proof["n_prompts"] == 8 and summary.max_abs_logit_difference == proof["max_abs_logit_difference"]
    assert not any("lora" in name for name in alone.state_dict())
    assert AutoTokenizer.from_pretrained(tmp_path / "merged")("Halo").input_ids
    assert alone.generation_config.eos_token_id


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_sixteen_bits_are_written_as_such_and_the_loss_is_told(
    tiny_base: Path, inputs: dict[str, Path], tmp_path: Path, dtype: str
) -> None:
    from safetensors import safe_open

    export(recipe(tiny_base, dtype=dtype), inputs, tmp_path)
    proof = files.read_json(tmp_path / "proof.json")
    assert proof["dtype"] == dtype and 1e-6 < proof["max_abs_logit_difference"] < proof["limit"]
    with safe_open(tmp_path / "merged" / "model.safetensors", framework="pt") as stored:
        assert {str(stored.get_tensor(name).dtype) for name in stored.keys()} == {f"torch.{dtype}"}  # noqa: SIM118


def test_a_merged_model_that_says_something_else_is_not_left_behind(
    tiny_base: Path, inputs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    write = merged._write

    def spoilt(model, *rest):  # type: ignore[no-untyped-def]
        with torch.no_grad():
            model.get_output_embeddings().weight[7] += 0.01
        write(model, *rest)

    monkeypatch.setattr(merged, "_write", spoilt)
    with pytest.raises(ModelError, match=r"differs from base and adapter by .* in a logit; 0\.001 is allowed"):
        export(recipe(tiny_base), inputs, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


def test_two_exports_give_the_same_bytes_over_leftovers(
    tiny_base: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        if name == "two":
            files.write_text(tmp_path / "two" / ".merged.building" / "model.safetensors", "half")
            files.write_text(tmp_path / "two" / "bundle" / "old.txt", "old")
        export(recipe(tiny_base, zip=True), inputs, tmp_path / name)
    assert files.sha256_folder(tmp_path / "one") == files.sha256_folder(tmp_path / "two")


def test_the_zip_holds_the_bundle(tiny_base: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    export(recipe(tiny_base, merged=False, zip=True), inputs, tmp_path)
    with zipfile.ZipFile(tmp_path / "tiny.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    assert files.sha256_folder(tmp_path / "out" / "bundle") == files.sha256_folder(tmp_path / "bundle")


def test_other_forms_are_made_of_a_merged_model_that_need_not_stay(
    tiny_base: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    pytest.importorskip("ctranslate2", reason="pip install 'rantau[ctranslate2]'")
    asked = recipe(tiny_base, merged=False, gguf=["q8_0"], ctranslate2=True)
    said = io.StringIO()
    summary = export(asked, inputs, tmp_path, Progress(said))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "bundle", "ctranslate2", "gguf", SCRATCH, "proof.json",
    ]  # fmt: skip
    assert STAGE.scratch == (SCRATCH,), "the runner removes it"
    assert sorted(p.name for p in (tmp_path / "gguf").iterdir()) == [
        "Modelfile",
        "agreement.json",
        "tiny-q8_0.gguf",
    ]
    assert (tmp_path / "ctranslate2" / "model.bin").is_file()
    assert summary.merged_bytes == 0 < min(summary.gguf_bytes, summary.ctranslate2_bytes)
    assert "merged equals base and adapter: no logit differs by more than" in said.getvalue()


def test_a_form_that_cannot_be_made_is_told_before_anything_runs(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from rantau.stages.export.gguf import kinds

    assert set(STAGE.fingerprint(recipe(tiny_base, gguf=["q4_k_m"]), tmp_path)) == {"base"}
    monkeypatch.setattr(kinds, "llama_cpp_installed", lambda: False)
    with pytest.raises(MachineError, match=r"q4_k_m is made by llama\.cpp, which is not installed"):
        STAGE.fingerprint(recipe(tiny_base, gguf=["q4_k_m"]), tmp_path)
    other = Path(shutil.copytree(tiny_base, tmp_path / "gemma"))
    files.write_json(
        other / "config.json", files.read_json(other / "config.json") | {"architectures": ["GemmaForCausalLM"]}
    )
    words = recipe(tiny_base, gguf=["q8_0"]).model_copy(update={"vocabulary": Vocabulary(extend=20)})
    with pytest.raises(ModelError, match="would read the new words in pieces"):
        STAGE.fingerprint(words, tmp_path)
    with pytest.raises(ModelError, match="GemmaForCausalLM is not written here"):
        STAGE.fingerprint(recipe(other, gguf=["q8_0"]), tmp_path)


def test_a_missing_card_is_named(tiny_base: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"card\.md: no such file"):
        export(recipe(tiny_base), {**inputs, "report": tmp_path}, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
