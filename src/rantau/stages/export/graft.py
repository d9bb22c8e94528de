"""A graft: the adapter that was learnt on a base, put on a sibling of that base (its instruct model, say).

What the adapter adds to a weight is added to the sibling's weight of the same name; whether the sibling can do
with it is not known until it is measured.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError
from rantau.machine import Machine
from rantau.model.adapter_files import (
    CONFIG_FILE,
    MADE_FOR,
    WEIGHTS_FILE,
    AdapterFiles,
    read_adapter,
    write_adapter,
)
from rantau.model.parts import part_of_files, refuse_dora
from rantau.recipe import Model
from rantau.run.progress import Progress
from rantau.stages.export.folders import whole_folder
from rantau.stages.export.hub_card import is_hub_id

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

SHOWN = 5
FACTS_FILE = "graft.json"


@dataclass(frozen=True, slots=True)
class Graft:
    """What was put on what.

    run, base        where the adapter was learnt
    adapter_sha256   of its weights
    onto, onto_hash  the sibling, and what identifies its weights
    scale            what the adapter was weakened or strengthened by; 1 = as it was learnt
    rank, modules    of the adapter
    """

    run: str
    base: str
    adapter_sha256: str
    onto: str
    onto_hash: str
    scale: float
    rank: int
    modules: int


def graft(
    adapter: Path, run: str, base: Model, onto: Model, target: Path, *, scale: float, merged: bool,
    machine: Machine, progress: Progress,
) -> Graft:  # fmt: skip
    """Writes `target`: adapter, the sibling's tokenizer and template, a card and graft.json; plain PEFT loads it
    on `onto`. With `merged` the sibling with the adapter added in instead, proven in proof.json.

    Raises   ModelError if the two are no siblings (the first differences are named), or if the adapter is not a
             plain sum (DoRA, LoftQ, rows of new words); SourceError if the sibling is not there
    """
    from rantau.model.base import base_fingerprint
    from rantau.model.shapes import hollow_model
    from rantau.model.tokenizer import load_tokenizer

    found = read_adapter(adapter)
    _refuse_unfit(found, adapter)
    check_siblings(hollow_model(base), hollow_model(onto), base.base, onto.base)
    _check_shapes(found, hollow_model(onto), onto.base)
    tokenizer = load_tokenizer(onto)
    _check_vocabulary(load_tokenizer(base), tokenizer, base.base, onto.base)
    part = part_of_files(found.state, found.config)
    sha256 = files.sha256_file(adapter / WEIGHTS_FILE)
    facts = Graft(run, _name(base), sha256, onto.base, base_fingerprint(onto), scale, part.rank, len(part.pairs))
    with whole_folder(target) as building:
        write_adapter(building, found.state, _config(found.config, onto, scale), {})
        if merged:
            from rantau.stages.export.merged import write_merged, write_proof

            inside = building / "merged"
            proof = write_merged(inside, building, onto, tokenizer, None, machine, progress)
            for path in inside.iterdir():
                path.rename(building / path.name)
            inside.rmdir()
            for name in (CONFIG_FILE, WEIGHTS_FILE):  # beside a whole model, transformers would add it again
                (building / name).unlink()
            write_proof(building / "proof.json", proof)
        else:
            tokenizer.save_pretrained(building)
        files.write_json(building / FACTS_FILE, asdict(facts))
        files.write_text(building / "README.md", card(facts, merged=merged))
    return facts


def _refuse_unfit(found: AdapterFiles, adapter: Path) -> None:
    refuse_dora(
        part_of_files(found.state, found.config), f"{adapter}: DoRA's lengths belong to the weights of its base."
    )
    if MADE_FOR in found.marks:
        raise ModelError(
            f"{adapter}: it also holds what its own base lost in {found.marks[MADE_FOR]} (init: loftq)."
        )
    if found.config.get("trainable_token_indices") or found.config.get("modules_to_save"):
        raise ModelError(f"{adapter}: it has rows for new words, or whole modules, which a sibling does not have.")


def check_siblings(base: PreTrainedModel, onto: PreTrainedModel, base_name: str, onto_name: str) -> None:
    """Raises   ModelError if hidden size, vocabulary or another shape of the two differs"""
    for what in ("hidden_size", "vocab_size"):
        here, there = (getattr(m.config.get_text_config(), what, None) for m in (base, onto))
        if here != there:
            raise ModelError(f"{onto_name} is no sibling of {base_name}: {what} is {there}, not {here}.")
    here, there = ({name: tuple(p.shape) for name, p in m.named_parameters()} for m in (base, onto))
    _refuse_differences(here, there, f"{onto_name} is no sibling of {base_name}")


def _check_shapes(found: AdapterFiles, onto: PreTrainedModel, onto_name: str) -> None:
    """Every A and B meets a module of the sibling that takes it."""
    from rantau.model.targets import takes_adapter

    modules = {name: tuple(m.weight.shape) for name, m in onto.named_modules() if takes_adapter(m)}
    wanted = {}
    for name, pair in part_of_files(found.state, found.config).pairs.items():
        shape = (int(pair.b.shape[0]), int(pair.a.shape[1]))
        wanted[name] = shape if modules.get(name) != shape[::-1] else shape[::-1]  # embeddings, GPT-2
    _refuse_differences(
        wanted, {n: modules[n] for n in wanted if n in modules}, f"The adapter does not fit {onto_name}"
    )


def _refuse_differences(one: Mapping[str, Any], other: Mapping[str, Any], what: str) -> None:
    odd = [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]
    if odd:
        shown = "; ".join(f"{n} {_shape(one.get(n))} against {_shape(other.get(n))}" for n in odd[:SHOWN])
        more = f"; and {len(odd) - SHOWN} more" if len(odd) > SHOWN else ""
        raise ModelError(f"{what}: {len(odd)} weights differ: {shown}{more}.")


def _shape(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else "x".join(map(str, shape))


def _check_vocabulary(
    base: PreTrainedTokenizerFast, onto: PreTrainedTokenizerFast, base_name: str, onto_name: str
) -> None:
    """Tokens of text have the same ids; marks of turns may be other ones."""
    special = {str(t) for one in (base, onto) for t in one.get_added_vocab()}
    here, there = ({t: i for t, i in one.get_vocab().items() if t not in special} for one in (base, onto))
    odd = sorted(token for token in {*here, *there} if here.get(token) != there.get(token))
    if odd:
        raise ModelError(
            f"{onto_name} is no sibling of {base_name}: {len(odd):,} tokens have another id or none, first "
            f"{', '.join(map(repr, odd[:SHOWN]))}."
        )


def _config(config: Mapping[str, Any], onto: Model, scale: float) -> dict[str, Any]:
    """The scale goes into alpha, so that A and B stay as they were learnt."""
    patterns = {name: alpha * scale for name, alpha in (config.get("alpha_pattern") or {}).items()}
    changed = {"lora_alpha": config["lora_alpha"] * scale, "alpha_pattern": patterns}
    return {**config, **changed, "base_model_name_or_path": onto.base, "revision": onto.revision}


def _name(model: Model) -> str:
    return f"{model.base} + {model.adapter}" if model.adapter else model.base


def card(facts: Graft, *, merged: bool) -> str:
    """README.md of a graft: what was put on what, and what nobody has measured."""
    kind, library = ("the merged model", "transformers") if merged else ("the adapter", "peft")
    strength = "as it was learnt" if facts.scale == 1 else f"times {facts.scale:g}"
    linked = {"base_model": facts.onto} if _is_on_a_hub(facts.onto) else {}
    head = {**linked, "library_name": library, "tags": ["rantau", "graft", "lora"]}
    return f"""---
{_as_yaml(head)}---

# {facts.run} on {facts.onto}

A graft: the adapter of the run `{facts.run}`, learnt on `{facts.base}`, put on its sibling `{facts.onto}`.
This folder holds {kind}, with the tokenizer and the chat template of `{facts.onto}`.

| | |
|---|---|
| learnt on | `{facts.base}` |
| put on | `{facts.onto}` (`{facts.onto_hash[:12]}`) |
| adapter | LoRA, rank {facts.rank}, {facts.modules} modules, {strength}; sha256 `{facts.adapter_sha256[:12]}` |

Shapes, names and vocabulary of the two models were compared and are equal. What the sibling says with this adapter
was **not measured**: the figures of the run are those of `{facts.base}`. Measure it, and compare it with
`{facts.onto}` alone, before you use it.
"""


def _is_on_a_hub(model: str) -> bool:
    """A local folder goes first; a .gguf file is no repository."""
    return is_hub_id(model) and not model.endswith(".gguf") and not Path(model).exists()


def _as_yaml(data: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML

    text = io.StringIO()
    YAML().dump(dict(data), text)
    return text.getvalue()
