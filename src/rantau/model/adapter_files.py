"""The two files of an adapter, as PEFT writes them, and what rantau notes in the header of the weights.

marks (metadata of the safetensors header, which PEFT leaves alone)
  frozen_rank  the last so many rows of every A were not learnt in the last phase: an adapter before it, or
               what PiSSA took out of the base; a phase that goes on leaves them as they are
  made_for     nf4: A and B also hold what the base lost when it was quantised (LoftQ)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError

if TYPE_CHECKING:
    import torch

WEIGHTS_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"
FROZEN_RANK = "frozen_rank"
MADE_FOR = "made_for"


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """state: tensors by PEFT's names, without the name of the adapter."""

    state: dict[str, torch.Tensor]
    config: dict[str, Any]
    marks: dict[str, str]


def write_adapter(
    folder: Path, state: Mapping[str, torch.Tensor], config: Mapping[str, Any], marks: Mapping[str, str]
) -> None:
    """Equal weights give equal bytes."""
    from safetensors.torch import save

    whole = {name: state[name].detach().cpu().contiguous() for name in sorted(state)}
    with files.atomic(folder / WEIGHTS_FILE) as temporary:
        temporary.write_bytes(_with_marks(save(whole, metadata={"format": "pt"}), marks))
    plain = {k: sorted(v) if isinstance(v, set) else v for k, v in config.items()}
    files.write_json(folder / CONFIG_FILE, plain)


def read_adapter(folder: Path) -> AdapterFiles:
    """Raises   ModelError if a file is missing or damaged, or if it is no LoRA adapter"""
    from safetensors import SafetensorError, safe_open

    check_adapter_files(folder)
    config = files.read_json(folder / CONFIG_FILE)
    if config.get("peft_type") != "LORA":
        raise ModelError(f"{folder / CONFIG_FILE}: a {config.get('peft_type')} adapter; only LoRA is known here.")
    try:
        with safe_open(folder / WEIGHTS_FILE, framework="pt") as opened:
            marks = dict(opened.metadata() or {})
            state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelError(f"{folder / WEIGHTS_FILE}: damaged ({error}). Copy the adapter again.") from error
    marks.pop("format", None)
    return AdapterFiles(state, config, marks)


def check_adapter_files(folder: Path) -> None:
    """Raises   ModelError if one of the two files is not there"""
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            pickled = folder / "adapter_model.bin"
            hint = " Its pickled weights run code when they are opened." if pickled.is_file() else ""
            raise ModelError(
                f"{folder / name}: no such file.{hint} An adapter is a folder with {CONFIG_FILE} "
                f"and {WEIGHTS_FILE}."
            )


def read_marks(folder: Path) -> dict[str, str]:
    """The marks alone; no tensor is read."""
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS_FILE, framework="pt") as opened:
        marks = dict(opened.metadata() or {})
    marks.pop("format", None)
    return marks


def _with_marks(data: bytes, marks: Mapping[str, str]) -> bytes:
    """The marks put into the header in order; the library itself writes two of them in any order."""
    if not marks:
        return data
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = {"format": "pt", **{name: marks[name] for name in sorted(marks)}}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
