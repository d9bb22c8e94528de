"""Answers by transformers' continuous batching: prompts join and leave a running batch at every step.

One manager serves one model, with a fixed number of blocks: by itself it takes most of the memory. Every field of
a Wish is granted, by drawing.py and by the worker (stop).
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.chat import Template
from rantau.errors import ServingError
from rantau.model.steps import stop_token_ids
from rantau.model.stream import PieceDecoder
from rantau.serving.engines.drawing import Drawing, options_of
from rantau.serving.engines.engine import Begun, Ended, Heard
from rantau.serving.engines.reading import Reader, digests_of
from rantau.serving.engines.wishes import check_wish
from rantau.serving.protocol import Job, Tokens, Wish

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

PAGE_TOKENS = 256
STEP_TOKENS, STEP_TOKENS_ON_CPU = 512, 128
"""Of prompts, at most, in one step of the batch: answers that are being written stand still for so long."""
WAIT_S, STILL_S = 0.05, 120.0
"""For what comes next; for a step of the batch, which hangs if it takes longer."""
DIED = "the batch of transformers has died. The worker is started again."


@dataclass(slots=True)
class _Going:
    """name: of the answer; a request has one of its own, since an answer may be asked for again after a cancel"""

    name: str
    decoder: PieceDecoder
    n_heard: int = 0


class TransformersEngine:
    """context: most tokens of prompt and answer together; slots x context tokens are kept in memory.

    Raises   ServingError if the batch dies: the worker must be started again, and no answer has ended
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        template: Template,
        *,
        name: str,
        system_prompt: str | None = None,
        digest: str = "",
        slots: int = 8,
        context: int = 2048,
    ) -> None:
        self.slots = slots
        self.models: tuple[str, ...] = (name,)
        self._stops = stop_token_ids(model, tokenizer, template.stop_ids)
        room = min(context, getattr(model.config, "max_position_embeddings", None) or context)
        self._reader = Reader(tokenizer, template, room, system_prompt, digest)
        self.digests = digests_of({name: self._reader})
        self._n_tokens = int(model.config.get_text_config().vocab_size)
        self._going: dict[str, _Going] = {}
        self._request_of: dict[str, str] = {}
        self._n_requests = 0
        self._over: list[Heard | Ended] = []
        self._drawing = Drawing(self._n_tokens, slots, model.device, fixed=model.device.type == "cuda")
        self._n_steps, self._moved = 0, time.monotonic()
        self._manager = _manager(model, self._stops, slots, room)
        self._manager.logit_processor = self._drawing
        starting = threading.Thread(target=self._manager.start, daemon=True)
        starting.start()  # its thread is a daemon, too, as those are that daemons start: it holds no process back
        starting.join()

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        check_wish(job.wish, engine="transformers")
        reading = self._reader.read(job, said, text)
        if reading.n_left:
            self._start(_Going(name, reading.decoder), reading.ids, reading.n_left, job.wish)
        else:  # the worker before this one died between the last token and the end
            self._over.append(Ended(name, "length"))
        return reading.begun

    def _start(self, going: _Going, ids: Sequence[int], left: int, wish: Wish) -> None:
        if not self._going:
            self._moved = time.monotonic()
        request, self._n_requests = f"{going.name} {self._n_requests}", self._n_requests + 1
        self._going[request], self._request_of[going.name] = going, request
        self._manager.add_request(
            list(ids), request_id=request, max_new_tokens=left, streaming=True, eos_token_id=sorted(self._stops),
            **options_of(wish, self._n_tokens),
        )  # fmt: skip

    def step(self) -> list[Heard | Ended]:
        """While the batch hangs this call does not return: so a worker knows of it."""
        over, self._over = self._over, []
        if over:
            return over
        while not (found := self._outputs()) and not self._moves():
            pass
        return [heard for output in found for heard in self._heard(output)]

    def _moves(self) -> bool:
        """Whether the batch has made a step lately; while it only reads prompts nothing comes of it."""
        now, n_steps = time.monotonic(), self._drawing.n_steps
        if n_steps != self._n_steps:
            self._n_steps, self._moved = n_steps, now
        return now - self._moved < STILL_S

    def _outputs(self) -> list[Any]:
        """All that is there; waits a moment for the first."""
        found: list[Any] = []
        try:
            found.append(self._manager.output_router.output_queue.get(timeout=WAIT_S))
            while True:
                found.append(self._manager.output_router.output_queue.get_nowait())
        except queue.Empty:
            if not found and not self._manager.is_running():
                raise ServingError(DIED) from None
            return found

    def _heard(self, output: Any) -> list[Heard | Ended]:
        going = self._going.get(output.request_id)
        if going is None:
            return []
        if output.error:  # the batch tells it to all its requests when it dies
            raise ServingError(DIED)
        fresh = [int(i) for i in output.generated_tokens[going.n_heard :]]
        going.n_heard += len(fresh)
        ended = bool(fresh) and fresh[-1] in self._stops
        said = fresh[:-1] if ended else fresh
        heard: list[Heard | Ended] = []
        text = "".join(map(going.decoder.push, said))
        if ended:
            text += going.decoder.rest()
        if said or text:
            heard.append(Heard(going.name, Tokens(text, tuple(said))))
        if output.is_finished():
            del self._going[output.request_id], self._request_of[going.name]
            heard.append(Ended(going.name, "eos" if ended else "length"))
        return heard

    def cancel(self, name: str) -> None:
        self._over = [ended for ended in self._over if ended.name != name]
        if request := self._request_of.pop(name, None):
            del self._going[request]
            self._manager.cancel_request(request)

    def close(self) -> None:
        self._manager.stop(block=True, hard_stop=True)


def _manager(model: Any, stops: frozenset[int], slots: int, context: int) -> Any:
    from transformers import ContinuousBatchingConfig, GenerationConfig

    on_cpu = model.device.type == "cpu"
    settings = ContinuousBatchingConfig(
        page_size=PAGE_TOKENS,
        num_blocks=slots * math.ceil(context / PAGE_TOKENS) + 1,
        max_batch_tokens=max(STEP_TOKENS_ON_CPU if on_cpu else STEP_TOKENS, slots),
        max_requests_per_batch=slots,
        use_cuda_graph=False if on_cpu else None,
        auto_switch_to_flash=not on_cpu,
    )
    generation = GenerationConfig(do_sample=False, eos_token_id=sorted(stops), max_new_tokens=context)
    return model.init_continuous_batching(generation, settings)
