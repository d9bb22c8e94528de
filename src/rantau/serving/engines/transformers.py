"""Answers by transformers' continuous batching: prompts join and leave a running batch at every step.

One manager serves one model, with a fixed number of blocks: by itself it takes most of the memory. Every field of
a Wish is granted, by drawing.py and by the worker (stop).
"""

from __future__ import annotations

import math
import queue
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.chat import Template
from rantau.errors import ServingError
from rantau.model.steps import stop_token_ids
from rantau.model.stream import PieceDecoder
from rantau.serving.engines.drawing import Drawing, options_of
from rantau.serving.engines.engine import Begun, Ended, Heard
from rantau.serving.engines.reading import Reader
from rantau.serving.engines.wishes import check_wish
from rantau.serving.protocol import Job, Tokens, Wish

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

PAGE_TOKENS = 256


@dataclass(slots=True)
class _Going:
    """name: of the answer; a request has one of its own, since an answer may be asked for again after a cancel"""

    name: str
    decoder: PieceDecoder
    n_heard: int = 0


class TransformersEngine:
    """context: most tokens of prompt and answer together; slots x context tokens are kept in memory.

    Raises   ServingError if the batch dies: the worker must be started again
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        template: Template,
        *,
        name: str,
        system_prompt: str | None = None,
        slots: int = 8,
        context: int = 2048,
        batch_tokens: int = 512,
    ) -> None:
        self.slots = slots
        self.models: tuple[str, ...] = (name,)
        self._stops = stop_token_ids(model, tokenizer, template.stop_ids)
        room = min(context, getattr(model.config, "max_position_embeddings", None) or context)
        self._reader = Reader(tokenizer, template, room, system_prompt)
        self._n_tokens = int(model.config.get_text_config().vocab_size)
        self._going: dict[str, _Going] = {}
        self._request_of: dict[str, str] = {}
        self._n_requests = 0
        self._over: list[Heard | Ended] = []
        self._manager = _manager(model, self._stops, slots, room, batch_tokens)
        self._manager.start()

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        check_wish(job.wish, engine="transformers")
        reading = self._reader.read(job, said, text)
        if reading.n_left:
            self._start(_Going(name, reading.decoder), reading.ids, reading.n_left, job.wish)
        else:  # the worker before this one died between the last token and the end
            self._over.append(Ended(name, "length"))
        return reading.begun

    def _start(self, going: _Going, ids: Sequence[int], left: int, wish: Wish) -> None:
        request, self._n_requests = f"{going.name} {self._n_requests}", self._n_requests + 1
        self._going[request], self._request_of[going.name] = going, request
        self._manager.add_request(
            list(ids), request_id=request, max_new_tokens=left, streaming=True, eos_token_id=sorted(self._stops),
            **options_of(wish, self._n_tokens),
        )  # fmt: skip

    def step(self) -> list[Heard | Ended]:
        over, self._over = self._over, []
        return over or [heard for output in self._outputs() for heard in self._heard(output)]

    def _outputs(self) -> list[Any]:
        """All that is there; waits 50 ms for the first."""
        found: list[Any] = []
        try:
            found.append(self._manager.output_router.output_queue.get(timeout=0.05))
            while True:
                found.append(self._manager.output_router.output_queue.get_nowait())
        except queue.Empty:
            if not found and not self._manager.is_running():
                raise ServingError("the batch of transformers has died. The worker is started again.") from None
            return found

    def _heard(self, output: Any) -> list[Heard | Ended]:
        going = self._going.get(output.request_id)
        if going is None:
            return []
        fresh = [int(i) for i in output.generated_tokens[going.n_heard :]]
        going.n_heard += len(fresh)
        ended = bool(fresh) and fresh[-1] in self._stops
        said = fresh[:-1] if ended else fresh
        heard: list[Heard | Ended] = []
        text = "".join(map(going.decoder.push, said))
        if output.is_finished() and (rest := going.decoder.rest()):
            text += rest
        if said or text:
            heard.append(Heard(going.name, Tokens(text, tuple(said))))
        if output.is_finished():
            del self._going[output.request_id], self._request_of[going.name]
            heard.append(Ended(going.name, "error" if output.error else "eos" if ended else "length"))
        return heard

    def cancel(self, name: str) -> None:
        self._over = [ended for ended in self._over if ended.name != name]
        if request := self._request_of.pop(name, None):
            del self._going[request]
            self._manager.cancel_request(request)

    def close(self) -> None:
        self._manager.stop(block=True, hard_stop=True)


def _manager(model: Any, stops: frozenset[int], slots: int, context: int, batch_tokens: int) -> Any:
    from transformers import ContinuousBatchingConfig, GenerationConfig

    on_cpu = model.device.type == "cpu"
    settings = ContinuousBatchingConfig(
        page_size=PAGE_TOKENS,
        num_blocks=slots * math.ceil(context / PAGE_TOKENS) + 1,
        max_batch_tokens=max(batch_tokens, slots),
        max_requests_per_batch=slots,
        use_cuda_graph=False if on_cpu else None,
        auto_switch_to_flash=not on_cpu,
    )
    generation = GenerationConfig(do_sample=False, eos_token_id=sorted(stops), max_new_tokens=context)
    manager = model.init_continuous_batching(generation, settings)
    n_tokens = int(model.config.get_text_config().vocab_size)
    manager.logit_processor = Drawing(n_tokens, slots, model.device, fixed=model.device.type == "cuda")
    return manager
