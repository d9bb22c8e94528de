"""Answers by llama.cpp from a GGUF file: prompts join and leave at every step, and a talk that goes on is not read
again. Every field of a Wish is granted.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau.errors import ModelError, ServingError
from rantau.machine import available_cores
from rantau.model.llama_binding import binding, heard
from rantau.model.stream import PieceDecoder
from rantau.serving.engines.building import Asked, Says
from rantau.serving.engines.converted import folder_of, form_of, reader_of, revisions_asked
from rantau.serving.engines.engine import Begun, Ended, Engine, Heard
from rantau.serving.engines.reading import Reader, digests_of, ending
from rantau.serving.engines.seats import Seat, Seats
from rantau.serving.engines.several import SeveralEngines
from rantau.serving.engines.wishes import check_wish
from rantau.serving.protocol import Job, Tokens, Wish

SEEDS = 2**32 - 1
"""The largest number of 32 bits stands for a random seed."""


@dataclass(slots=True)
class _Going:
    """unread: tokens that come next, all but one of them of the prompt; n_left: tokens that may follow;
    seen: tokens of talk and answer; seed: of the draws"""

    name: str
    seat: Seat
    unread: list[int]
    n_left: int
    decoder: PieceDecoder
    wish: Wish
    seen: set[int]
    seed: int


class LlamaCppEngine:
    """file: GGUF; batch_tokens: most that are read in one step; on_gpu: all layers lie on the accelerator.

    slots x context tokens are kept in memory.
    Raises   MachineError if llama.cpp is not there; ModelError if it cannot load the file, or the file has another
             number of tokens than the tokenizer
    """

    def __init__(
        self,
        file: Path,
        reader: Reader,
        *,
        name: str,
        slots: int = 8,
        threads: int = 1,
        batch_tokens: int = 128,
        on_gpu: bool = False,
    ) -> None:
        self.slots = slots
        self.models: tuple[str, ...] = (name,)
        self.digests = digests_of({name: reader})
        self._reader, self._binding = reader, binding()
        self._most = max(batch_tokens, slots)
        self._seats = Seats(slots)
        self._going: dict[str, _Going] = {}
        self._over: list[Heard | Ended] = []
        self._load(file, threads, on_gpu)
        self._batch = self._binding.LlamaBatch(n_tokens=self._most, embd=0, n_seq_max=1, verbose=False)

    def _load(self, file: Path, threads: int, on_gpu: bool) -> None:
        with heard(self._binding) as lines:
            try:
                asked = self._binding.LlamaModelParams()
                asked.n_gpu_layers = 999 if on_gpu else 0
                self._model = self._binding.LlamaModel(str(file), asked, verbose=False)
                self._check_tokens(file)
                self._context = self._binding.LlamaContext(self._model, self._asked(threads), verbose=False)
            except (RuntimeError, ValueError, OSError, MemoryError) as error:
                raise ModelError(f"{file}: llama.cpp cannot load it ({' '.join(lines) or error}).") from error

    def _check_tokens(self, file: Path) -> None:
        """The file and the tokenizer may be of two models; names of its tokens tell."""
        there, known = self._model.get_vocab(), self._reader.tokenizer
        n_tokens = len(known)
        places = {0, n_tokens // 3, n_tokens // 2, n_tokens - 1}
        if there.n_vocab < n_tokens or any(
            there.get_text(place) != known.convert_ids_to_tokens(place) for place in sorted(places)
        ):
            raise ModelError(f"{file}: was made with another tokenizer than the model's. Make it again.")

    def _asked(self, threads: int) -> Any:
        asked = self._binding.LlamaContextParams()
        asked.n_ctx, asked.n_seq_max = self.slots * self._reader.context, self.slots
        asked.n_batch = asked.n_ubatch = self._most
        asked.n_threads = asked.n_threads_batch = threads
        return asked

    @property
    def idle(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self._going and not self._over

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        check_wish(job.wish, engine="llama.cpp")
        reading = self._reader.read(job, said, text)
        if not reading.n_left:  # the worker before this one died between the last token and the end
            self._over.append(Ended(name, "length"))
            return reading.begun
        seat, n_known = self._seats.take(reading.ids)
        if not self._context.memory_seq_rm(seat.number, n_known, -1):  # a model that cannot forget a part
            self._context.memory_seq_rm(seat.number, -1, -1)
            n_known = 0
        del seat.tokens[n_known:]
        unread, seed = list(reading.ids[n_known:]), job.wish.seed
        self._going[name] = _Going(
            name, seat, unread, reading.n_left, reading.decoder, job.wish, set(reading.ids),
            secrets.randbits(32) if seed is None else seed,
        )  # fmt: skip
        return reading.begun

    def step(self) -> list[Heard | Ended]:
        over, self._over = self._over, []
        if over or not self._going:
            return over
        ready = self._read()
        return [heard for going, place in ready for heard in self._drawn(going, place)]

    def _read(self) -> list[tuple[_Going, int]]:
        """One pass over a token of each answer, and as many of the prompts as there is room for, the shortest
        first; returns those of which nothing is unread, with their place in the batch."""
        ready, place = list[tuple[_Going, int]](), 0
        self._batch.clear()
        for going in sorted(self._going.values(), key=lambda g: len(g.unread)):
            fresh = going.unread[: self._most - place]
            del going.unread[: len(fresh)]
            for n, token in enumerate(fresh):
                last = not going.unread and n == len(fresh) - 1
                self._batch.add(token, len(going.seat.tokens) + n, [going.seat.number], last)
            going.seat.tokens += fresh
            place += len(fresh)
            if fresh and not going.unread:
                ready.append((going, place - 1))
        try:
            self._context.decode(self._batch)
        except (RuntimeError, ValueError) as error:
            raise ServingError(f"llama.cpp has failed ({error}). The worker is started again.") from error
        return ready

    def _drawn(self, going: _Going, place: int) -> list[Heard | Ended]:
        token = self._draw(going, place)
        going.seen.add(token)
        if token in self._reader.stops:
            return self._end(going, Ended(going.name, "eos"))
        going.n_left, going.unread = going.n_left - 1, [token]
        piece: list[Heard | Ended] = [Heard(going.name, Tokens(going.decoder.push(token), (token,)))]
        return piece if going.n_left else piece + self._end(going, Ended(going.name, "length"))

    def _draw(self, going: _Going, place: int) -> int:
        """Penalty, temperature, top_k, top_p, then the draw by seed and place in the talk: whoever goes on with an
        answer draws as if it had not been left."""
        wish, chain = going.wish, self._binding.LlamaSampler(self._binding.LlamaSamplerChainParams())
        if wish.repetition_penalty != 1:
            chain.add_penalties(len(going.seen), wish.repetition_penalty, 0.0, 0.0)
            for token in going.seen:
                chain.accept(token)
        if wish.temperature == 0:
            chain.add_greedy()
        else:
            chain.add_temp(wish.temperature)
            if wish.top_k:
                chain.add_top_k(wish.top_k)
            if wish.top_p < 1:
                chain.add_top_p(wish.top_p, 1)
            chain.add_dist(zlib.crc32(f"{going.seed} {len(going.seat.tokens)}".encode()) % SEEDS)
        drawn = int(chain.sample(self._context, place))
        chain.close()
        return drawn

    def _end(self, going: _Going, ended: Ended) -> list[Heard | Ended]:
        self._leave(going.name)
        return ending(going.decoder, ended)

    def _leave(self, name: str) -> None:
        self._going.pop(name).seat.taken = False

    def cancel(self, name: str) -> None:
        self._over = [over for over in self._over if over.name != name]
        if name in self._going:
            self._leave(name)

    def close(self) -> None:
        for name in list(self._going):
            self._leave(name)
        self._batch.close()
        self._context.close()
        self._model.close()


def build(asked: Asked, says: Says) -> Engine:
    """All revisions of all runs. --option kind: of GGUF file, q8_0 unless told.

    Raises   SourceError, MachineError, ModelError
    """
    form, threads = str(form_of("llama.cpp", asked)), asked.threads or max(1, available_cores() - 1)
    revisions, engines = revisions_asked(asked), list[Engine]()
    for n, revision in enumerate(revisions):
        says(n / len(revisions), f"loading {revision.name}")
        (file,) = folder_of(revision, form).glob(f"*-{form.removeprefix('gguf-')}.gguf")
        reader, on_gpu = reader_of(revision, asked.context), asked.device in ("cuda", "mps")
        engines.append(
            LlamaCppEngine(file, reader, name=revision.name, slots=asked.slots, threads=threads, on_gpu=on_gpu)
        )
    return SeveralEngines(engines, slots=asked.slots)
