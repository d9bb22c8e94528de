"""How a model learns: base, vocabulary, formatting, adapter, phases. Every field changes behaviour."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from rantau.recipe.base import Name, Share, Slice

Optimiser = Literal["adamw", "adamw_8bit", "paged_adamw", "paged_adamw_8bit"]


class Model(Slice):
    base: str = Field(
        description="Base model: hub id, local folder, .gguf file, or package:<module>/<file inside it>."
    )
    revision: str | None = Field(None, description="Commit, tag or branch of a hub model. Pin it.")
    sha256: str | None = Field(None, description="Expected hash of a .gguf file; another file is refused.")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="Type of the frozen weights in memory. Trainable weights are always float32."
    )
    quantisation: Literal["none", "nf4", "int8"] = Field(
        "none", description="Frozen weights in 4 or 8 bits (bitsandbytes): saves memory, costs speed."
    )
    double_quantisation: bool = Field(
        True, description="With nf4: the scales are quantised too, which saves 0.4 bits a weight."
    )
    adapter: str | None = Field(
        None,
        description="An adapter that belongs to the base, folder or hub id: it is merged into the base first.",
    )
    allow_custom_code: str | None = Field(
        None,
        description="Name the base again to run Python code that its repository ships; else it is refused.",
    )


class Formatting(Slice):
    template: Literal["auto", "chatml", "llama-3.1", "plain"] = Field(
        "auto",
        description="Chat template: auto = the base model's own, else ChatML; plain = User:/Assistant:.",
    )
    system_prompt: str | None = Field(None, description="System message put before dialogues that have none.")


class Vocabulary(Slice):
    extend: int = Field(
        0,
        ge=0,
        le=32_000,
        description="Whole words to add to the tokenizer: those that save most tokens; 0 = the base's own.",
    )
    sources: list[Name] = Field(
        default_factory=list,
        description="Sources whose training text is counted; empty = all in the target language.",
    )
    rate_share: float = Field(
        0.2, gt=0, le=10, description="Learning rate of the new rows over that of the phase."
    )
    weight_decay: float = Field(0.0, ge=0, le=1, description="AdamW weight decay on the new rows.")

    @model_validator(mode="after")
    def _consistent(self) -> Vocabulary:
        asked = [
            name
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != field.get_default(call_default_factory=True)
        ]
        if asked and not self.extend:
            raise ValueError(f"{', '.join(asked)} needs extend: 2000 or so")
        return self


class Adapter(Slice):
    rank: int = Field(16, ge=1, le=1024, description="Rank of the LoRA matrices.")
    alpha: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        "auto",
        description="LoRA alpha; auto keeps the effective scale at 2 for any rank, with or without rsLoRA.",
    )
    rslora: bool = Field(False, description="Scale by alpha / sqrt(rank) instead of alpha / rank.")
    loraplus_ratio: float = Field(
        1.0, ge=1.0, le=1000.0, description="Learning rate of B over that of A (LoRA+); 1 = plain LoRA."
    )
    dora: bool = Field(False, description="Learn the length of each weight row apart from its direction (DoRA).")
    init: Literal["zero", "pissa", "loftq"] = Field(
        "zero",
        description="How A and B begin: zero = B is zero; pissa = the principal part of the base's weights, which "
        "the base gives up; loftq = what a quantised base lost by rounding.",
    )
    dropout: Share = Field(0.0, description="Dropout on the adapter's input, 0..1.")
    targets: Literal["all-linear", "mlp", "attention"] | list[str] = Field(
        "all-linear", description="Modules that get an adapter; all-linear leaves out the output head."
    )
    layers: list[int] | None = Field(
        None, description="Layers that get an adapter, from 0, negative from the end; null = all."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Adapter:
        if self.init != "zero" and self.dora:
            raise ValueError(f"init: {self.init} cannot be joined with dora: true. Take one of them")
        if self.layers is not None and (not self.layers or len(set(self.layers)) != len(self.layers)):
            raise ValueError(f"layers must name each layer once and at least one, got {self.layers}")
        return self


class EarlyStopping(Slice):
    share: float = Field(
        0.05, gt=0, lt=0.5, description="Share of the phase's rows that is not learnt but measured, drawn by seed."
    )
    every_steps: int = Field(25, ge=1, description="Steps between two measurements.")
    patience: int = Field(3, ge=1, description="Measurements without a gain until the phase ends.")
    min_gain: float = Field(0.0, ge=0, le=1, description="Least drop in bits per byte that counts as a gain.")


class Claims(Slice):
    """What somebody says of a phase; a claim that the recipe does not bear out is refused."""

    per_device_batch: int | None = Field(None, ge=1, description="Rows of one device in one forward pass.")
    accumulation_steps: int = Field(1, ge=1, description="Forward passes in one optimiser step.")
    devices: int = Field(1, ge=1, description="Devices side by side.")
    tokens_per_step: int | None = Field(None, ge=1, description="Most tokens in one optimiser step.")
    trainable: int | None = Field(None, ge=1, description="Parameters that learn; `rantau plan` counts them.")


class Phase(Slice):
    name: Name = Field(description="Name of the phase; its stage is train-<name>.")
    kind: Literal["cpt", "sft", "dpo"] = Field(
        description="cpt: running text, all tokens learnt; sft: dialogues; dpo: a chosen over a rejected answer."
    )
    mixture: dict[str, Share] = Field(description="Source -> share of the phase's tokens; shares sum to 1.")
    tokens: int | None = Field(None, ge=1, description="Tokens to draw; null = as many as the shares allow.")
    max_tokens: int = Field(512, ge=8, description="Longest row in tokens; of dpo each answer with its prompt.")
    over_long: Literal["drop", "truncate", "split", "error"] = Field(
        "truncate", description="What happens to longer rows; split = the rest becomes further rows (cpt only)."
    )
    packing: Literal["none", "best_fit"] = Field(
        "none",
        description="best_fit: several documents share a row of max_tokens; none of them sees another.",
    )
    loss_on: Literal["answers", "all"] = Field(
        "answers",
        description="Tokens that are learnt: of dialogues the answers, or all; of running text (cpt) always all.",
    )
    beta: float = Field(0.1, gt=0, le=10, description="DPO: how strongly the reference model holds; dpo only.")
    adapter: Adapter | None = Field(
        None, description="An adapter of this phase's own; null = as the recipe's adapter says."
    )
    previous_adapter: Literal["continue", "merge"] = Field(
        "continue",
        description="The adapter of the phase before: learnt on, or merged into the base under a new one.",
    )
    epochs: float = Field(1.0, gt=0, le=1000, description="Passes over the rows; may be fractional.")
    batch_size: int = Field(8, ge=1, description="Rows in one optimiser step.")
    optimiser: Optimiser = Field(
        "adamw", description="AdamW; 8bit: its moments in 8 bits; paged: they move to memory when the GPU is full."
    )
    beta2: float = Field(
        0.95, ge=0.5, lt=1, description="AdamW: share of the mean of squared gradients that a step keeps."
    )
    learning_rate: float = Field(2e-4, gt=0, le=1, description="Peak rate of the A matrices.")
    schedule: Literal["cosine", "linear", "cosine_restarts", "constant", "wsd"] = Field(
        "cosine", description="Decay; wsd = constant, then linear over the last decay_share of the steps."
    )
    cycles: int = Field(1, ge=1, description="Cycles of cosine_restarts; 1 elsewhere.")
    decay_share: float = Field(0.2, gt=0, le=1, description="Share of the steps that decay; wsd only.")
    floor_share: Share = Field(0.0, description="Share of the peak rate at which the decay ends, 0..1.")
    warmup_share: Share = Field(0.03, description="Share of the steps that warm up, 0..1.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="AdamW weight decay on the adapter.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradients are clipped to this norm.")
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Decay a step of a moving average of the adapter, which is then what is kept.",
    )
    early_stopping: EarlyStopping | None = Field(
        None, description="End the phase when held-back rows no longer gain, and keep the best adapter."
    )
    gradient_checkpointing: bool = Field(
        False, description="Compute activations twice instead of keeping them: less memory, a third more time."
    )
    checkpoint_steps: int = Field(25, ge=1, description="A checkpoint every so many steps; a kill loses no more.")
    claims: Claims | None = Field(None, description="Figures that a publication states; checked, never used.")

    unasked: ClassVar[frozenset[str]] = frozenset({"claims", "checkpoint_steps"})

    @property
    def most_tokens_a_step(self) -> int:
        return self.batch_size * self.max_tokens * (2 if self.kind == "dpo" else 1)

    @model_validator(mode="before")
    @classmethod
    def _running_text_is_learnt_whole(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("kind") == "cpt":
            return {"loss_on": "all", **data}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> Phase:
        problems = [*_mixture_problems(self), *_kind_problems(self), *_claim_problems(self)]
        if self.cycles != 1 and self.schedule != "cosine_restarts":
            problems.append(f"cycles needs schedule: cosine_restarts, got {self.schedule}")
        if self.decay_share != 0.2 and self.schedule != "wsd":
            problems.append(f"decay_share needs schedule: wsd, got {self.schedule}")
        if self.floor_share and self.schedule == "constant":
            problems.append("floor_share needs a schedule that decays, got constant")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _mixture_problems(phase: Phase) -> list[str]:
    if phase.mixture and abs(sum(phase.mixture.values()) - 1.0) <= 1e-6:
        return []
    return [f"shares of mixture must sum to 1, got {sum(phase.mixture.values()):g}"]


def _kind_problems(phase: Phase) -> list[str]:
    found = []
    if phase.kind == "cpt" and phase.loss_on == "answers":
        found.append("loss_on: answers needs dialogues, but kind is cpt. Leave it out, or write kind: sft")
    if phase.over_long == "split" and phase.kind != "cpt":
        found.append(
            f"over_long: split would part a question from its answer; it needs kind: cpt, got {phase.kind}"
        )
    if phase.beta != 0.1 and phase.kind != "dpo":
        found.append(f"beta needs kind: dpo, got {phase.kind}")
    if phase.kind == "dpo":
        found += [
            f"{name} cannot be used with kind: dpo"
            for name, used in (
                ("packing", phase.packing != "none"),
                ("early_stopping", phase.early_stopping is not None),
                ("loss_on: all", phase.loss_on == "all"),
            )
            if used
        ]
    return found


def _claim_problems(phase: Phase) -> list[str]:
    claims, found = phase.claims, []
    if claims is None:
        return []
    if claims.per_device_batch is None and (claims.accumulation_steps, claims.devices) != (1, 1):
        found.append("claims: accumulation_steps and devices need per_device_batch beside them")
    if claims.per_device_batch is not None:
        product = claims.per_device_batch * claims.accumulation_steps * claims.devices
        if product != phase.batch_size:
            found.append(
                f"claims: {claims.per_device_batch} rows x {claims.accumulation_steps} passes x {claims.devices} "
                f"devices is {product}, but batch_size is {phase.batch_size}"
            )
    if claims.tokens_per_step is not None and claims.tokens_per_step != phase.most_tokens_a_step:
        found.append(
            f"claims: tokens_per_step {claims.tokens_per_step:,} is not batch_size x max_tokens"
            f"{' x 2 answers' if phase.kind == 'dpo' else ''} = {phase.most_tokens_a_step:,}"
        )
    return found
