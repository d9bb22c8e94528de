"""The kinds of GGUF file: how weights are stored, and which of them only llama.cpp can make."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

from rantau.errors import MachineError
from rantau.model.llama_binding import INSTALL

NEEDS = "cyllama"


@dataclass(frozen=True, slots=True)
class Kind:
    """file_type     number of llama.cpp for general.file_type
    tensor        type of matrices as the gguf package names it; None = llama.cpp chooses tensor by tensor
    least_agreement  least share of positions at which llama.cpp must name the same most likely token as
                  transformers does; less is a wrong file and no rounding
    """

    file_type: int
    tensor: str | None
    least_agreement: float


# Agreement as measured on SmolLM2-135M stands in docs/log.md; a tiny random model has near-ties everywhere, so
# the floors are low: a wrong order of heads or a wrong split of words leaves less than 0.2.
KINDS = {
    "f32": Kind(0, "F32", 0.97),
    "f16": Kind(1, "F16", 0.90),
    "bf16": Kind(32, "BF16", 0.75),
    "q8_0": Kind(7, "Q8_0", 0.75),
    "q5_k_m": Kind(17, None, 0.5),
    "q4_k_m": Kind(15, None, 0.4),
}


def llama_cpp_installed() -> bool:
    return importlib.util.find_spec(NEEDS) is not None


def check_kinds(kinds: Sequence[str]) -> None:
    """Raises   MachineError if one of the kinds needs llama.cpp and it is not installed"""
    needing = [kind for kind in kinds if KINDS[kind].tensor is None]
    if needing and not llama_cpp_installed():
        raise MachineError(
            f"GGUF {', '.join(needing)} is made by llama.cpp, which is not installed. Run: {INSTALL}; "
            "f32, f16, bf16 and q8_0 do without."
        )
