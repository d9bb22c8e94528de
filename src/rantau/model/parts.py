"""Adapters taken apart and joined: A and B of every module, and the number that B @ A is multiplied by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rantau.errors import ModelError

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

PREFIX = "base_model.model."
# endings of the names in an adapter file; embeddings keep their two matrices under names of their own
A_ENDINGS = (".lora_A.weight", ".lora_embedding_A")
B_ENDINGS = (".lora_B.weight", ".lora_embedding_B")


@dataclass(frozen=True, slots=True)
class Pair:
    """a: (rank, in); b: (out, rank); scale: what b @ a is multiplied by; a_name, b_name: as in the file."""

    a: torch.Tensor
    b: torch.Tensor
    scale: float
    a_name: str
    b_name: str


@dataclass(frozen=True, slots=True)
class Part:
    """pairs: by full module name; rest: all other tensors of the adapter (DoRA's lengths, trained rows)."""

    pairs: dict[str, Pair]
    rest: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The largest of its modules."""
        return max((int(pair.a.shape[0]) for pair in self.pairs.values()), default=0)


def part_of(model: PeftModel, name: str = "default") -> Part:
    """One of the adapters that `model` carries; trained rows and DoRA's lengths belong to the one that learns."""
    from peft import get_peft_model_state_dict

    pairs = {}
    for module, layer in layers_of(model, name):
        kind = 0 if name in layer.lora_A else 1
        a = layer.lora_embedding_A[name] if kind else layer.lora_A[name].weight
        b = layer.lora_embedding_B[name] if kind else layer.lora_B[name].weight
        names = (f"{PREFIX}{module}{endings[kind]}" for endings in (A_ENDINGS, B_ENDINGS))
        pairs[module] = Pair(a.detach(), b.detach(), float(layer.scaling[name]), *names)
    if name != "default":
        return Part(pairs)
    # save_embedding_layers="auto" would ask the hub whether the vocabulary has changed
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    return Part(pairs, {n: tensor for n, tensor in state.items() if not n.endswith((*A_ENDINGS, *B_ENDINGS))})


def layers_of(model: PeftModel, name: str) -> list[tuple[str, Any]]:
    """(full module name, PEFT layer) of every module with that adapter."""
    from peft.tuners.lora import LoraLayer

    found = ((n, m) for n, m in model.named_modules() if isinstance(m, LoraLayer) and name in m.scaling)
    return [(module.removeprefix(PREFIX), layer) for module, layer in found]


def part_of_files(state: Mapping[str, torch.Tensor], config: Mapping[str, Any]) -> Part:
    """An adapter as it lies in its two files."""
    names = [_module(name, A_ENDINGS) for name in state if name.endswith(A_ENDINGS)]
    return split_state(state, {name: scale_in(config, name) for name in names})


def split_state(state: Mapping[str, torch.Tensor], scales: Mapping[str, float]) -> Part:
    """Raises   ModelError if an A has no B"""
    pairs: dict[str, Pair] = {}
    used: set[str] = set()
    for name in state:
        if not name.endswith(A_ENDINGS):
            continue
        other = name.replace(".lora_A.", ".lora_B.").replace(".lora_embedding_A", ".lora_embedding_B")
        if other not in state:
            raise ModelError(f"The adapter has {name} but no {other}. Copy it again.")
        module = _module(name, A_ENDINGS)
        pairs[module] = Pair(state[name], state[other], scales[module], name, other)
        used |= {name, other}
    return Part(pairs, {name: tensor for name, tensor in state.items() if name not in used})


def scale_in(config: Mapping[str, Any], module: str) -> float:
    """What an adapter_config.json says that B @ A of `module` is multiplied by, its patterns included."""
    from peft.utils.other import get_pattern_key

    def said(patterns: Mapping[str, Any], otherwise: Any) -> float:
        return float(patterns.get(get_pattern_key(patterns.keys(), module), otherwise))

    rank = said(config.get("rank_pattern") or {}, config["r"])
    alpha = said(config.get("alpha_pattern") or {}, config["lora_alpha"])
    return alpha / (rank**0.5 if config.get("use_rslora") else rank)


def _module(name: str, endings: Sequence[str]) -> str:
    for ending in endings:
        name = name.removesuffix(ending)
    return name.removeprefix(PREFIX)


def joined(parts: Sequence[Part]) -> tuple[dict[str, torch.Tensor], int, float]:
    """One adapter that says the sum of `parts`: (tensors by file name, rank, scale).

    Its rank is the sum of theirs and its scale that of the first; the others' scales go into their B, and a
    module that a part lacks gets zeros: B @ A of the whole is the sum of the parts' scaled B @ A.
    Raises   ModelError if a part is DoRA: its lengths are no sum
    """
    if len(parts) > 1:
        for part in parts:
            refuse_dora(part, "Adapters with dora: true cannot be joined with others.")
    scale = next(iter(parts[0].pairs.values())).scale
    state: dict[str, torch.Tensor] = {}
    for module in dict.fromkeys(name for part in parts for name in part.pairs):
        like = next(part.pairs[module] for part in parts if module in part.pairs)
        a, b = zip(*(_widened(part, module, like, scale) for part in parts), strict=True)
        state[like.a_name], state[like.b_name] = _cat(a, 0), _cat(b, 1)
    for part in reversed(parts):
        state |= part.rest
    return state, sum(part.rank for part in parts), scale


def refuse_dora(part: Part, why: str) -> None:
    if any("lora_magnitude_vector" in name for name in part.rest):
        raise ModelError(f"{why} Use dora: false, or merge it into the base first (export.merged).")


def _widened(part: Part, module: str, like: Pair, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """A and B of one part at its full rank, B rescaled."""
    found = part.pairs.get(module)
    if found is None:
        return like.a.new_zeros(part.rank, like.a.shape[1]), like.b.new_zeros(like.b.shape[0], part.rank)
    a, b, missing = found.a, found.b, part.rank - int(found.a.shape[0])
    if missing:
        a = _cat((a, a.new_zeros(missing, a.shape[1])), 0)
        b = _cat((b, b.new_zeros(b.shape[0], missing)), 1)
    return a, b if found.scale == scale else b * (found.scale / scale)


def _cat(tensors: Sequence[torch.Tensor], dim: int) -> torch.Tensor:
    import torch

    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors), dim=dim)


def parted(part: Part, frozen_rank: int) -> tuple[Part, Part]:
    """(learnt, frozen): the rows of A before the last `frozen_rank`, and those; modules of zeros are left out."""
    halves: tuple[dict[str, Pair], dict[str, Pair]] = ({}, {})
    for module, pair in part.pairs.items():
        at = int(pair.a.shape[0]) - frozen_rank
        for pairs, a, b in (
            (halves[0], pair.a[:at], pair.b[:, :at]),
            (halves[1], pair.a[at:], pair.b[:, at:]),
        ):
            if bool(a.any()):
                pairs[module] = Pair(a.contiguous(), b.contiguous(), pair.scale, pair.a_name, pair.b_name)
    return Part(halves[0], part.rest), Part(halves[1])


def negative(part: Part) -> Part:
    """What takes `part` away again."""
    pairs = {m: Pair(p.a, -p.b, p.scale, p.a_name, p.b_name) for m, p in part.pairs.items()}
    return Part(pairs)
