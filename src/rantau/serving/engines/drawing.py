"""How a running batch draws its next tokens: for every prompt by its own wish, in one pass over the scores.

It stands in the place of transformers' list of logits processors, which knows neither a penalty nor a seed of one
prompt, and sorts the whole vocabulary twice. The draw is made here: of each row one token is left, and the batch
takes the likeliest.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.serving.protocol import Wish

if TYPE_CHECKING:
    import torch

TEMPERATURE, TOP_P, PENALTY, CHANCE, TOP_K, ROW = range(6)
"""Lines of the table of arguments: one column a prompt, int32; the first four hold float32 bits."""
N_FLOATS = 4


def options_of(wish: Wish, n_tokens: int) -> dict[str, Any]:
    """What a request brings along. temperature 0 is the likeliest token: one to choose from."""
    greedy = wish.temperature == 0
    return {
        "temperature": 1.0 if greedy else float(wish.temperature),
        "top_k": 1 if greedy else min(wish.top_k or n_tokens, n_tokens),
        "top_p": 1.0 if greedy else float(wish.top_p),
        "repetition_penalty": float(wish.repetition_penalty),
        "seed": secrets.randbits(63) if wish.seed is None else wish.seed,
    }


def chance(seed: int, place: int) -> float:
    """In [0, 1): the same for the same seed and place in the talk, so that an answer which another worker goes on
    with is drawn as if it had never been left."""
    return random.Random(f"{seed} {place}").random()


@dataclass(slots=True)
class _Row:
    """A line of `seen` and the request whose tokens it marks."""

    number: int
    state: Any = None


class Drawing:
    """n_tokens: size of the vocabulary; slots: requests at once; fixed: shapes may not depend on the wishes, as
    where the steps are recorded once and played again; n_steps: of the batch so far."""

    do_processing = True
    tensors_required = 6

    def __init__(self, n_tokens: int, slots: int, device: torch.device, *, fixed: bool) -> None:
        import torch

        self._n_tokens, self._fixed = n_tokens, fixed
        self._seen = torch.zeros(slots + 1, n_tokens, dtype=torch.bool, device=device)  # the last is for padding
        self._rows = [_Row(n) for n in range(slots)]
        self._most, self._penalised = n_tokens, True
        self.n_steps = 0

    def check_kwargs(self, kwargs: Mapping[str, Any]) -> None:
        """All of them are made by options_of."""

    def fill_defaults(self, table: torch.Tensor) -> None:
        """table: (6, columns) int32"""
        import torch

        neutral = torch.tensor([1.0, 1.0, 1.0, 0.0])
        table[:N_FLOATS] = neutral.view(torch.int32)[:, None].to(table.device)
        table[TOP_K], table[ROW] = 1, len(self._rows)

    def prepare_tensor_args(self, requests_in_batch: Sequence[Any], arg_storage: torch.Tensor) -> torch.Tensor:
        """Fills the table for the next step. Columns without a new token are padding: they must mark nothing."""
        import torch

        self.n_steps += 1
        states = [request.state for request in requests_in_batch if request.has_new_token]
        wishes = [state.logit_processor_kwargs for state in states]
        floats = [
            [w["temperature"], w["top_p"], w["repetition_penalty"], chance(w["seed"], state.position_offset)]
            for w, state in zip(wishes, states, strict=True)
        ]
        self.fill_defaults(arg_storage)
        if states:
            bits = torch.tensor(floats, dtype=torch.float32).T.contiguous().view(torch.int32)  # (4, prompts)
            arg_storage[:N_FLOATS, : len(states)] = bits.to(arg_storage.device)
            rest = torch.tensor([[w["top_k"] for w in wishes], self._rows_of(states)], dtype=torch.int32)
            arg_storage[N_FLOATS:, : len(states)] = rest.to(arg_storage.device)
        self._most = max((w["top_k"] for w in wishes), default=1)
        self._penalised = any(w["repetition_penalty"] != 1 for w in wishes)
        return arg_storage

    def _rows_of(self, states: Sequence[Any]) -> list[int]:
        """The row of each; one that is new takes that of a request which is gone."""
        found = {id(row.state): row for row in self._rows if row.state is not None}
        present = {id(state) for state in states}
        free = [row for row in self._rows if id(row.state) not in present]
        for state in states:
            if id(state) not in found:
                found[id(state)] = row = free.pop()
                row.state = state
                self._mark(row.number, [*state.initial_tokens, *state.generated_tokens])
        return [found[id(state)].number for state in states]

    def _mark(self, row: int, ids: Sequence[int]) -> None:
        """Steps that still run on a device may read the row: it is written between them."""
        import torch

        if self._seen.device.type == "cuda":
            torch.cuda.synchronize(self._seen.device)
        self._seen[row] = False
        self._seen[row, torch.tensor(ids, device=self._seen.device)] = True
        if self._seen.device.type == "cuda":
            torch.cuda.synchronize(self._seen.device)

    def __call__(self, last_ids: torch.Tensor, scores: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """Scores in which one token of each row is left.

        last_ids  (prompts,): the token before the one that is drawn
        scores    (prompts, vocab) float32
        table     (6, prompts) int32
        """
        import torch

        floats, rows = table[:N_FLOATS].view(torch.float32), table[ROW].long()
        self._seen[rows, last_ids.long()] = True
        if self._fixed or self._penalised:
            weaker = torch.where(scores < 0, scores * floats[PENALTY, :, None], scores / floats[PENALTY, :, None])
            scores = torch.where(self._seen[rows], weaker, scores)
        most = self._n_tokens if self._fixed else min(self._most, self._n_tokens)
        best, ids = scores.topk(most, dim=-1)  # (prompts, most), the likeliest first
        drawn = ids.gather(1, self._draw(best, floats, table[TOP_K]))
        return torch.full_like(scores, -torch.inf).scatter_(1, drawn, 0.0)

    def _draw(self, best: torch.Tensor, floats: torch.Tensor, top_k: torch.Tensor) -> torch.Tensor:
        """(prompts, 1) int64: places in `best`. Temperature, then top_k, then top_p, then the chance."""
        import torch

        places = torch.arange(best.shape[1], device=best.device)
        beyond = places >= top_k[:, None]
        shares = (best / floats[TEMPERATURE, :, None]).masked_fill(beyond, -torch.inf).softmax(-1)
        likelier = shares.cumsum(-1) - shares
        shares = shares.masked_fill((likelier >= floats[TOP_P, :, None]) & (places > 0), 0.0)
        reached = shares.cumsum(-1)
        drawn = (reached <= floats[CHANCE, :, None] * reached[:, -1:]).sum(-1, keepdim=True)
        last = (shares > 0).sum(-1, keepdim=True) - 1
        return torch.minimum(drawn, last).clamp(min=0)  # a row of no numbers ends no other answer
