"""Whether a model keeps documents apart that share a sequence: measured, never assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

FIRST, LAST = 5, 9  # tokens of the two documents of the probe
LEAK_SHARE = 0.02
DRIFT_SHARE = 0.2


def takes_one_sequence(model: Any) -> bool:
    """Whether packed rows of a pass must be one sequence.

    Flash attention of transformers reads position_ids only in a batch of one; in a larger one the documents of
    a row would see one another.
    """
    return str(getattr(model.config, "_attn_implementation", "")).startswith("flash")


def isolates(model: Any, *, chained: bool) -> bool:
    """True if the second document of a sequence comes out the same whatever the first one says, and as it does
    alone.

    Both are compared with what happens when nothing tells the documents apart, since rounding differs between
    kernels: another first document may move the second one's logits by 2 % of that, and being alone by 20 %.
    It depends on model, attention, library and machine: linear attention, for one, takes no notice of positions.

    chained  the way the rows will be given: one sequence a pass, or several
    """
    import torch

    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            apart, alone, mixed = _differences(model, chained=chained)
    except (TypeError, ValueError, NotImplementedError):  # position_ids are not taken
        return False
    finally:
        model.train(was_training)
    return mixed > 0 and apart <= LEAK_SHARE * mixed and alone <= DRIFT_SHARE * mixed


def _differences(model: Any, *, chained: bool) -> tuple[float, float, float]:
    """Mean differences of the second document's logits: another first document; alone; another first document
    when nothing tells them apart."""
    import torch

    ids = torch.arange(1, 2 * FIRST + LAST + 1, device=model.device) % model.config.get_text_config().vocab_size
    first, other, last = ids.split([FIRST, FIRST, LAST])
    pair = torch.stack([torch.cat([first, last]), torch.cat([other, last])])  # (2, FIRST + LAST) int64
    restart = torch.cat([torch.arange(FIRST), torch.arange(LAST)]).to(ids.device).repeat(2, 1)
    told = _logits(model, pair, restart, chained=chained)
    untold = _logits(model, pair, None, chained=chained)
    alone = _logits(model, last[None], None, chained=chained)
    return _mean(told[0], told[1]), _mean(told[0], alone[0]), _mean(untold[0], untold[1])


def _logits(model: Any, ids: torch.Tensor, positions: torch.Tensor | None, *, chained: bool) -> torch.Tensor:
    """(sequences, LAST, vocabulary) float32: of the last document."""
    import torch

    parts = [slice(n, n + 1) for n in range(len(ids))] if chained else [slice(None)]
    found = [
        model(input_ids=ids[p], position_ids=None if positions is None else positions[p], use_cache=False).logits
        for p in parts
    ]
    return torch.cat(found)[:, -LAST:].float()


def _mean(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().mean())
