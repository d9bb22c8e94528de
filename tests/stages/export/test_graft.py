"""A graft says what the sibling and the scaled adapter say together, and strangers are refused."""

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from rantau import files
from rantau.errors import ModelError
from rantau.machine import Machine
from rantau.model.adapters import save_adapter
from rantau.recipe import Model
from rantau.run.progress import Progress
from rantau.stages.export.graft import Graft, card, graft
from tests.flow.small import rantau
from tests.model.adapted import attached, base_of, learn, logits


@pytest.fixture(scope="module")
def sibling(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same shape, other weights, another template."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny_base, tmp_path_factory.mktemp("sibling") / "instruct"))
    generator = torch.Generator().manual_seed(8)
    weights = {
        n: t + 0.02 * torch.randn(t.shape, generator=generator)
        for n, t in load_file(folder / "model.safetensors").items()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"
    )
    return folder


def run(model: Model, folder: Path, **adapter: Any) -> Path:
    save_adapter(learn(attached(model, **adapter), size=0.1), folder, base=model)
    return folder


def put(
    base: Path, onto: Path, adapter: Path, target: Path, *, scale: float = 1.0, merged: bool = False, **more: Any
) -> Graft:
    return graft(
        adapter, "talks", Model(base=str(base)), Model(base=str(onto), **more), target, scale=scale, merged=merged,
        machine=Machine(), progress=Progress(quiet=True),
    )  # fmt: skip


def by_hand(onto: Path, adapter: Path, scale: float) -> Any:
    """The sibling with scale * s * B @ A added to each weight, from the files alone."""
    import torch
    from safetensors.torch import load_file

    model, state = base_of(Model(base=str(onto))), load_file(adapter / "adapter_model.safetensors")
    config = files.read_json(adapter / "adapter_config.json")
    s = config["lora_alpha"] / (config["r"] ** 0.5 if config["use_rslora"] else config["r"])
    with torch.no_grad():
        for name in (n for n in state if "lora_A" in n):
            module = model.get_submodule(name.removeprefix("base_model.model.").removesuffix(".lora_A.weight"))
            module.weight += scale * s * state[name.replace("lora_A", "lora_B")] @ state[name]
    return model


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize(
    "kind", [{"alpha": 6}, {"rank": 3, "rslora": True, "targets": "mlp"}, {"init": "pissa"}], ids=str
)
def test_peft_says_sibling_plus_scaled_adapter(
    tiny_base: Path, sibling: Path, tmp_path: Path, scale: float, kind: dict[str, Any]
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = run(Model(base=str(tiny_base)), tmp_path / "adapter", **kind)
    facts = put(tiny_base, sibling, adapter, tmp_path / "graft", scale=scale)
    alone = AutoModelForCausalLM.from_pretrained(sibling)
    before = logits(alone)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")  # PEFT 0.21, transformers 5.23
        found = PeftModel.from_pretrained(alone, str(tmp_path / "graft"))
    wanted = logits(by_hand(sibling, adapter, scale))
    assert (logits(found) - wanted).abs().max() < 1e-5
    assert (wanted - before).abs().max() > 1e-2
    assert (facts.scale, facts.onto, facts.run) == (scale, str(sibling), "talks")


def test_the_folder_says_what_it_is(tiny_base: Path, sibling: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    adapter = run(Model(base=str(tiny_base)), tmp_path / "adapter")
    facts = put(tiny_base, sibling, adapter, tmp_path / "graft", scale=0.5)
    assert sorted(p.name for p in (tmp_path / "graft").iterdir()) == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "chat_template.jinja", "graft.json",
        "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    text = (tmp_path / "graft" / "README.md").read_text()
    assert (
        f"put on its sibling `{sibling}`" in text
        and "times 0.5" in text
        and f"`{tiny_base}`" in text
        and "not measured" in text
    )
    assert files.read_json(tmp_path / "graft" / "graft.json")["adapter_sha256"] == facts.adapter_sha256
    turns = [{"role": "user", "content": "Halo"}]
    assert (
        AutoTokenizer.from_pretrained(tmp_path / "graft").apply_chat_template(turns, tokenize=False)
        == "[user] Halo"
    )


@pytest.mark.parametrize(
    ("onto", "linked"),
    [("org/no", True), ("org/Base-1B", True), ("models/here", False), ("/models/x", False), ("m/x #1", False),
     ("a: [b", False), ("models/x.gguf", False)],
)  # fmt: skip
def test_a_hub_reads_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, onto: str, linked: bool) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")
    (tmp_path / "models/here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    facts = Graft("talks", "org/base", "a" * 64, onto, "b" * 64, scale=1.0, rank=4, modules=14)
    for merged, library in ((False, "peft"), (True, "transformers")):
        text = card(facts, merged=merged)
        data = hub.ModelCard(text).data.to_dict()
        assert data == {
            **({"base_model": onto} if linked else {}),
            "library_name": library,
            "tags": ["rantau", "graft", "lora"],
        }
        assert f"# talks on {onto}\n" in text


def test_merged_it_loads_alone(tiny_base: Path, sibling: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    adapter = run(Model(base=str(tiny_base)), tmp_path / "adapter")
    put(tiny_base, sibling, adapter, tmp_path / "graft", scale=0.5, merged=True)
    alone = AutoModelForCausalLM.from_pretrained(tmp_path / "graft")
    assert (logits(alone) - logits(by_hand(sibling, adapter, 0.5))).abs().max() < 1e-5
    assert not list((tmp_path / "graft").glob("adapter*"))
    assert files.read_json(tmp_path / "graft" / "proof.json")["greedy_equal"] is True


def other(base: Path, folder: Path, **config: Any) -> Path:
    """A model folder with the base's tokenizer and another shape; no weights are needed to refuse it."""
    own = Path(shutil.copytree(base, folder))
    files.write_json(own / "config.json", files.read_json(own / "config.json") | config)
    return own


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"vocab_size": 448}, r"is no sibling of .*: vocab_size is 448, not \d+"),
        ({"hidden_size": 64}, r"is no sibling of .*: hidden_size is 64, not 32"),
        (
            {"intermediate_size": 48},
            r"6 weights differ: model\.layers\.0\.mlp\.gate_proj\.weight 64x32 against 48x32",
        ),
        (
            {"num_hidden_layers": 3},
            r"weights differ: model\.layers\.2\.self_attn\.q_proj\.weight absent against 32x32.*more",
        ),
    ],
)
def test_strangers_are_refused(tiny_base: Path, tmp_path: Path, config: dict[str, Any], message: str) -> None:
    adapter = run(Model(base=str(tiny_base)), tmp_path / "adapter")
    with pytest.raises(ModelError, match=message):
        put(tiny_base, other(tiny_base, tmp_path / "other", **config), adapter, tmp_path / "graft")
    assert not (tmp_path / "graft").exists()


def test_another_vocabulary_of_the_same_size_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    adapter, onto = run(Model(base=str(tiny_base)), tmp_path / "adapter"), other(tiny_base, tmp_path / "other")
    spec = files.read_json(onto / "tokenizer.json")
    vocabulary = spec["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    files.write_json(onto / "tokenizer.json", spec)
    with pytest.raises(ModelError, match=r"2 tokens have another id or none, first 'a', 'b'"):
        put(tiny_base, onto, adapter, tmp_path / "graft")


def test_dora_stays_at_home(tiny_base: Path, sibling: Path, tmp_path: Path) -> None:
    adapter = run(Model(base=str(tiny_base)), tmp_path / "adapter", dora=True)
    with pytest.raises(ModelError, match="DoRA's lengths belong to the weights of its base"):
        put(tiny_base, sibling, adapter, tmp_path / "graft")


def test_the_command_takes_a_run(tiny_base: Path, sibling: Path, tmp_path: Path) -> None:
    from rantau.recipe import Recipe

    recipe = Recipe.model_validate({
        "name": "talks", "language": {"target": "ind"}, "model": {"base": str(tiny_base)},
        "sources": [{"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}],
        "phases": [{"name": "sft", "kind": "sft", "mixture": {"a": 1.0}}],
        "evaluation": {"texts": [{"name": "a", "source": "a"}]},
    })  # fmt: skip
    folder = tmp_path / "runs" / "talks"
    run(recipe.model, folder / "stages" / "train-sft" / "adapter")
    files.write_json(folder / "run.json", {"recipe": recipe.model_dump(mode="json"), "stages": []})
    result = rantau("graft", "talks", "--onto", sibling, "--to", "out/grafted", "--scale", "0.8", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "out/grafted" and "not measured" in result.stderr
    assert files.read_json(tmp_path / "out/grafted/graft.json")["scale"] == 0.8
    again = rantau("graft", "talks", "--onto", sibling, "--to", "out/grafted", cwd=tmp_path)
    assert again.returncode == 2 and "exists already" in again.stderr
    inside = rantau("graft", "talks", "--onto", sibling, "--to", "out/grafted/graft.json/x", cwd=tmp_path)
    assert inside.returncode == 1 and "graft.json/x: cannot be written (" in inside.stderr
