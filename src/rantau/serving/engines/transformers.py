"""Answers by transformers' continuous batching: prompts join and leave a running batch at every step.

One manager serves one model, with a fixed number of blocks: by itself it takes most of the memory. Per prompt it
knows temperature, top_k and top_p alone, so another wish is refused.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rantau.chat import Template, encode_prompt
from rantau.errors import DataError, ServingError
from rantau.model.steps import stop_token_ids
from rantau.model.stream import PieceDecoder
from rantau.records import Message
from rantau.serving.engines.engine import Begun, Ended, Heard, Refused
from rantau.serving.protocol import Job, Tokens, Wish

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

PAGE_TOKENS = 256


@dataclass(slots=True)
class _Going:
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
        self.slots, self.models = slots, (name,)
        self._tokenizer, self._template, self._system_prompt = tokenizer, template, system_prompt
        self._stops = stop_token_ids(model, tokenizer, template.stop_ids)
        self._context = min(context, getattr(model.config, "max_position_embeddings", None) or context)
        self._going: dict[str, _Going] = {}
        self._over: list[Heard | Ended] = []
        self._manager = _manager(model, self._stops, slots, self._context, batch_tokens)
        self._manager.start()

    def submit(self, name: str, job: Job, said: Sequence[int]) -> Begun:
        if job.wish.repetition_penalty != 1:
            raise Refused("not_supported", "this engine knows no repetition_penalty. Leave it at 1.")
        ids = self._prompt(job)
        room = self._context - len(ids)
        if room < 1:
            raise Refused(
                "too_long", f"the talk has {len(ids)} tokens, this model takes {self._context}. Start a new one."
            )
        going = _Going(PieceDecoder(self._tokenizer))
        text = "".join(map(going.decoder.push, said))
        left = min(job.wish.max_tokens, room) - len(said)
        if left < 1:  # the worker before this one died between the last token and the end
            self._over.append(Ended(name, "length"))
            return Begun(len(ids), text)
        self._going[name] = going
        self._manager.add_request(
            [*ids, *said], request_id=name, max_new_tokens=left, streaming=True,
            eos_token_id=sorted(self._stops), **_processing(job.wish),
        )  # fmt: skip
        return Begun(len(ids), text)

    def _prompt(self, job: Job) -> list[int]:
        messages = [Message(m["role"], m["content"]) for m in job.messages]  # type: ignore[arg-type]
        try:
            return encode_prompt(
                self._template, self._tokenizer, messages, system_prompt=self._system_prompt
            )[1]  # fmt: skip
        except DataError as error:
            raise Refused("bad_prompt", str(error)) from error

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
            heard.append(Heard(output.request_id, Tokens(text, tuple(said))))
        if output.is_finished():
            del self._going[output.request_id]
            heard.append(Ended(output.request_id, "error" if output.error else "eos" if ended else "length"))
        return heard

    def cancel(self, name: str) -> None:
        if self._going.pop(name, None):
            self._manager.cancel_request(name)

    def close(self) -> None:
        self._manager.stop(block=True)


def _processing(wish: Wish) -> dict[str, float | int]:
    """temperature 0 is the likeliest token: one to choose from."""
    if wish.temperature == 0:
        return {"temperature": 1.0, "top_k": 1, "top_p": 1.0}
    return {"temperature": wish.temperature, "top_k": wish.top_k or 0, "top_p": wish.top_p}


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
        per_request_processors=True,
        drop_unsupported_processors=False,
    )
    # A processor is made only for a value that is not neutral; each prompt brings its own.
    generation = GenerationConfig(
        do_sample=True, temperature=0.7, top_k=50, top_p=0.9, eos_token_id=sorted(stops), max_new_tokens=context
    )
    return model.init_continuous_batching(generation, settings)
