"""The merged model: the adapter added into the base's weights, written, read back, and compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError
from rantau.machine import Machine
from rantau.recipe import Model
from rantau.run.progress import Progress
from rantau.stages.export.bundle import write_tokenizer
from rantau.stages.export.folders import whole_folder

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from rantau.chat import Template

# Short texts in several scripts: one that says more than another would only repeat the check.
PROMPTS = (
    "Selamat pagi, apa kabar hari ini?",
    "Ibu kota Indonesia adalah",
    "Jelaskan dengan singkat cara menanam padi di sawah.",
    "Sugeng enjing, kula badhe tindak dhateng peken.",
    "The capital of France is",
    "Once upon a time, in a village by the sea,",
    "대한민국의 수도는",
    "1 + 2 = 3; 4 + 5 =",
)
NEW_TOKENS = 16
# Most that a logit may move. float32: only the order of additions differs (SmolLM2-135M: 1.1e-4). In 16 bits
# every weight is rounded (SmolLM2-135M: 0.09 in float16, 0.39 in bfloat16); ten times that is a wrong model.
LIMITS = {"float32": 1e-3, "float16": 1.0, "bfloat16": 4.0}


@dataclass(frozen=True, slots=True)
class Proof:
    """max_abs_logit_difference  over all positions of all prompts, both models computed in float32
    n_prompts                 prompts compared
    greedy_equal              True if 16 greedy tokens after every prompt are the same
    dtype                     type of the written weights
    limit                     what the difference was held against
    """

    max_abs_logit_difference: float
    n_prompts: int
    greedy_equal: bool
    dtype: str
    limit: float


@dataclass(frozen=True, slots=True)
class Said:
    """logits: one (tokens, vocabulary) float32 tensor a prompt; greedy: the ids that follow."""

    logits: list[torch.Tensor]
    greedy: list[tuple[int, ...]]


def write_merged(
    folder: Path, adapter: Path, model: Model, tokenizer: PreTrainedTokenizerFast, template: Template,
    machine: Machine, progress: Progress,
) -> Proof:  # fmt: skip
    """Writes `folder` (weights in model.dtype) if the model read back from it says what base and adapter say.

    The sum is made on the unquantised base in float32, whatever the training ran on.
    Raises   ModelError if a logit differs by more than LIMITS allows, or if the base exists only quantised
    """
    from rantau.model.adapters import load_adapter, merge_adapter
    from rantau.model.load import load_base

    precise = model.model_copy(update={"dtype": "float32", "quantisation": "none"})
    adapted = load_adapter(load_base(precise, machine), adapter, trainable=False)
    before = _say(adapted, tokenizer, progress, "export: ask the adapter")
    merged = merge_adapter(adapted)
    with whole_folder(folder) as building:
        _write(merged, building, model.dtype, template)
        del adapted, merged
        write_tokenizer(building, tokenizer, template)
        after = _say(_read_back(building, model, machine), tokenizer, progress, "export: ask the merged model")
        return _compare(before, after, model.dtype)


def _write(merged: PreTrainedModel, folder: Path, dtype: str, template: Template) -> None:
    import torch

    merged.to(dtype=getattr(torch, dtype))
    if merged.generation_config is not None:
        merged.generation_config.eos_token_id = list(template.stop_ids)
    merged.save_pretrained(folder)


def _read_back(folder: Path, model: Model, machine: Machine) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForCausalLM

    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, trust_remote_code=model.allow_custom_code == model.base
    )
    read: PreTrainedModel = loaded.to(machine.device).eval()
    return read


def _say(model: Any, tokenizer: PreTrainedTokenizerFast, progress: Progress, title: str) -> Said:
    import torch

    from rantau.model.generate import generate_batch

    prompts, logits = [list(tokenizer(text).input_ids) for text in PROMPTS], []
    for ids in progress.track(prompts, title, len(prompts)):
        with torch.inference_mode():
            found = model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits
        logits.append(found[0].float().cpu())
    greedy = generate_batch(model, tokenizer, prompts, max_new_tokens=NEW_TOKENS)
    return Said(logits, [answer.ids for answer in greedy])


def _compare(before: Said, after: Said, dtype: str) -> Proof:
    differences = [float((a - b).abs().max()) for a, b in zip(before.logits, after.logits, strict=True)]
    proof = Proof(max(differences), len(PROMPTS), before.greedy == after.greedy, dtype, LIMITS[dtype])
    if not proof.max_abs_logit_difference <= proof.limit:
        raise ModelError(
            f"The merged model read back from disk differs from base and adapter by {max(differences):.3g} in a "
            f"logit; {proof.limit:g} is allowed for {dtype}. Nothing was written. Set model.dtype: float32, or "
            "export.merged: false and ship the adapter."
        )
    return proof


def write_proof(path: Path, proof: Proof) -> None:
    files.write_json(path, asdict(proof))
