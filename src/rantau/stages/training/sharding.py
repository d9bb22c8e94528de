"""A base that is shared out: each rank keeps a part of the frozen weights, and has a layer whole only while it
computes it (FSDP2). What learns stays whole everywhere, so checkpoints are those of ranks that hold it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rantau.errors import MachineError, ModelError
from rantau.model.quantised import quantisation_of

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

OTHERWISE = "Train it with --parallel ddp, where each process holds the whole base."


def share_out(model: PeftModel, *, size: int, device: str) -> None:
    """Each decoder layer of the base over `size` processes, in place. Embeddings, output layer and adapter stay
    whole; the model may lie in the memory of the processor and goes to `device` layer by layer.

    Raises   MachineError if the base is quantised: its packed weights cannot be parted; ModelError if transformers
             does not say which modules are its layers
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    base: Any = model.get_base_model()
    if quantisation_of(base) != "none":
        raise MachineError(f"--parallel fsdp cannot share out a base in 4 or 8 bits. {OTHERWISE}")
    layers = decoder_layers(base)
    mesh = init_device_mesh(device, (size,))
    for layer in layers:
        whole = {p for name, p in layer.named_parameters() if _stays_whole(name, p)}
        fully_shard(layer, mesh=mesh, ignored_params=whole)
    model.to(device)
    root = base.base_model  # the layers' common root: it fetches the next layer while one is computed
    fully_shard(root, mesh=mesh, ignored_params={p for p in root.parameters() if not hasattr(p, "to_local")})


def decoder_layers(base: Any) -> list[torch.nn.Module]:
    """The modules that transformers keeps on one device.

    Raises   ModelError if there are none
    """
    names = set(getattr(base, "_no_split_modules", None) or ())
    found = [module for module in base.modules() if type(module).__name__ in names]
    if not found:
        raise ModelError(f"--parallel fsdp: {type(base).__name__} does not name its layers. {OTHERWISE}")
    return found


def _stays_whole(name: str, parameter: torch.nn.Parameter) -> bool:
    return parameter.requires_grad or "lora_" in name
