"""The merged model: the adapter added into the base's weights, written, read back, and compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError
from rantau.machine import Machine
from rantau.model.adapter_files import MADE_FOR, read_marks
from rantau.model.adapters import load_adapter, merge_adapter
from rantau.model.quantised import dequantise
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
PRECISE = {"dtype": "float32", "quantisation": "none", "double_quantisation": True}


@dataclass(frozen=True, slots=True)
class QuantisedGap:
    """How far base and adapter, with the base in as few bits as it was trained on, are from the merged model.

    kind               nf4 or int8
    max_, mean_abs...  over all positions of all prompts and the whole vocabulary
    equal_greedy_share of the greedy tokens after every prompt, place by place, 0..1
    """

    kind: str
    max_abs_logit_difference: float
    mean_abs_logit_difference: float
    equal_greedy_share: float


@dataclass(frozen=True, slots=True)
class Proof:
    """max_abs_logit_difference  over all positions of all prompts, both models computed in float32
    n_prompts                 prompts compared
    greedy_equal              True if 16 greedy tokens after every prompt are the same
    dtype                     type of the written weights
    limit                     what the difference was held against
    base                      what the adapter was added to: unquantised, or rounded to nf4 (init: loftq)
    quantised                 how far the model is that was trained, if its base was quantised
    """

    max_abs_logit_difference: float
    n_prompts: int
    greedy_equal: bool
    dtype: str
    limit: float
    base: str = "unquantised"
    quantised: QuantisedGap | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """logits: one (tokens, vocabulary) float32 tensor a prompt; greedy: the ids that follow."""

    logits: list[torch.Tensor]
    greedy: list[tuple[int, ...]]


def write_merged(
    folder: Path, adapter: Path, model: Model, tokenizer: PreTrainedTokenizerFast, template: Template | None,
    machine: Machine, progress: Progress, *, vocabulary: Path | None = None,
) -> Proof:  # fmt: skip
    """Writes `folder` (weights in model.dtype) if the model read back from it says what base and adapter say.

    The sum is made in float32 on the unquantised base, whatever the training ran on, and what the quantised one
    says is told beside it. An adapter that holds what its base lost (init: loftq) is added to the rounded values.
    template    the one that was trained; None = the tokenizer's and the base's own stay as they are
    vocabulary  folder of the stage that added words
    Raises   ModelError if a logit differs by more than LIMITS allows, or if the base exists only quantised
    """
    adapted, kind = _adapted(model, adapter, machine, vocabulary)
    before = _say(adapted, tokenizer, progress, "export: ask the adapter")
    merged = merge_adapter(adapted)
    with whole_folder(folder) as building:
        _write(merged, building, model.dtype, template)
        del adapted, merged
        if template is None:
            tokenizer.save_pretrained(building)
        else:
            write_tokenizer(building, tokenizer, template)
        after = _say(_read_back(building, model, machine), tokenizer, progress, "export: ask the merged model")
        proof = _compare(before, after, model.dtype)
    if model.quantisation != "none":
        trained = load_adapter(_base(model, machine, vocabulary), adapter, trainable=False).eval()
        said = _say(trained, tokenizer, progress, f"export: ask the model in {model.quantisation}")
        proof = replace(proof, base=kind, quantised=_gap(said, after, model.quantisation))
    return proof


def _adapted(model: Model, adapter: Path, machine: Machine, vocabulary: Path | None) -> tuple[Any, str]:
    """Base and adapter in float32, and which base that is."""
    if read_marks(adapter).get(MADE_FOR):
        base = _base(model, machine, vocabulary)
        dequantise(base)
        kind = f"rounded to {model.quantisation}"
    else:
        base = _base(model.model_copy(update=PRECISE), machine, vocabulary)
        kind = "unquantised"
    return load_adapter(base, adapter, trainable=False).eval(), kind


def _base(model: Model, machine: Machine, vocabulary: Path | None) -> PreTrainedModel:
    from rantau.model.load import load_base

    base = load_base(model, machine)
    if vocabulary is not None:
        from rantau.model.vocabulary import extend_model

        extend_model(base, vocabulary)
    return base


def _write(merged: PreTrainedModel, folder: Path, dtype: str, template: Template | None) -> None:
    import torch

    merged.to(dtype=getattr(torch, dtype))
    if merged.generation_config is not None and template is not None:
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


def _gap(trained: Said, merged: Said, kind: str) -> QuantisedGap:
    differences = [(a - b).abs() for a, b in zip(trained.logits, merged.logits, strict=True)]
    places = [
        a == b
        for one, other in zip(trained.greedy, merged.greedy, strict=True)
        for a, b in zip_longest(one, other)  # one of them may end first
    ]
    return QuantisedGap(
        kind=kind,
        max_abs_logit_difference=max(float(d.max()) for d in differences),
        mean_abs_logit_difference=sum(float(d.double().sum()) for d in differences)
        / sum(d.numel() for d in differences),
        equal_greedy_share=sum(places) / len(places) if places else 1.0,
    )


def write_proof(path: Path, proof: Proof) -> None:
    files.write_json(path, asdict(proof))


def proof_told(proof: Proof) -> list[str]:
    """The proof in a sentence or two."""
    lines = [
        f"export: merged equals base and adapter: no logit differs by more than "
        f"{proof.max_abs_logit_difference:.2g} ({proof.dtype}, {proof.n_prompts} prompts, limit {proof.limit:g})"
    ]
    if (gap := proof.quantised) is not None:
        lines.append(
            f"export: the {gap.kind} model that was trained is not quite the merged one, whose base is "
            f"{proof.base}: logits differ by {gap.mean_abs_logit_difference:.2g} on average, "
            f"{100 * gap.equal_greedy_share:.0f} % of greedy tokens are equal"
        )
    return lines
