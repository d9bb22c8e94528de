"""The engine: as many answers at once as there are slots, each on a thread that waits for the server."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rantau.chat import control_token_in
from rantau.serving.engines.engine import Begun, Ended, Heard, Refused
from rantau.serving.engines.openai.asking import Asking, Over
from rantau.serving.engines.openai.chunks import Chunk
from rantau.serving.engines.openai.connection import USUAL, Address, Denied, Limits
from rantau.serving.engines.openai.requests import Served, of_chat, of_tokens
from rantau.serving.engines.reading import Reader, Reading, digests_of, ending
from rantau.serving.engines.wishes import PLAIN_SERVER, check_wish
from rantau.serving.protocol import Job, Tokens

WAIT_S = 0.05
NO_IDS = "the server tells no token ids; with vLLM it does. Take --option manner=chat."


@dataclass(slots=True)
class _Going:
    """ids, text: heard so far, with what was there before; written on the thread that hears"""

    name: str
    job: Job
    served: Served
    reader: Reader
    reading: Reading
    text: str
    ids: list[int] = field(default_factory=list)
    n_heard: int = 0
    n_counted: int = 0

    def body(self) -> dict[str, Any] | Over:
        left = self.reading.n_left - self.n_heard
        if left < 1:
            return Over("length")
        self.n_counted, wish = 0, self.job.wish
        if self.served.manner == "tokens":
            ids = [*self.reading.ids, *self.ids]
            return of_tokens(self.served, ids, left, wish, self.reader.stops)
        if self.text and not self.served.continues:
            return Over("error", "cannot_continue")
        messages = _messages(self.job, self.reader)
        return of_chat(self.served, messages, self.text, left, wish, len(self.reading.ids) + self.n_heard)

    def hear(self, chunk: Chunk) -> Tokens | None:
        """What the chunk adds; text of tokens is made by who has the decoder.

        Raises   Denied if it does not tell what it must
        """
        if self.served.manner == "chat":
            return self._hear_text(chunk)
        if chunk.ids is None and chunk.text:
            raise Denied(NO_IDS, 501)
        ids = tuple(i for i in chunk.ids or () if i not in self.reader.stops)
        if any(i >= len(self.reader.tokenizer) for i in ids):
            raise Denied("a token id is none of the model's: the server serves another one.", 501)
        self.ids += ids
        self.n_heard += len(ids)
        return Tokens("", ids) if ids else None

    def _hear_text(self, chunk: Chunk) -> Tokens | None:
        """A piece counts as one token, until the server tells how many they were."""
        n = max(chunk.n_tokens - self.n_counted, 0) if chunk.n_tokens is not None else int(bool(chunk.text))
        self.n_counted += n
        self.n_heard += n
        self.text += chunk.text
        return Tokens(chunk.text, (), n) if chunk.text or n else None


class OpenAIEngine:
    """models: name of the revision -> how the server serves it, and how its talks are read"""

    def __init__(
        self, address: Address, models: Mapping[str, tuple[Served, Reader]], *, slots: int = 16,
        limits: Limits = USUAL,
    ) -> None:  # fmt: skip
        self.slots, self.models = slots, tuple(models)
        # as the runs were when the worker began; what a server has loaded it does not tell
        self.digests = digests_of({name: reader for name, (_, reader) in models.items()})
        self._address, self._known, self._limits = address, dict(models), limits
        self._going: dict[str, tuple[_Going, Asking]] = {}
        self._threads: list[threading.Thread] = []
        self._told: queue.SimpleQueue[tuple[_Going, Tokens | Over]] = queue.SimpleQueue()

    @property
    def idle(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self._going

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        if job.model not in self._known:
            raise Refused("model_gone", f"{job.model} is not here, but {', '.join(self.models)}.")
        served, reader = self._known[job.model]
        check_wish(job.wish, engine="this server", cannot=() if served.own_fields else PLAIN_SERVER)
        reading = reader.read(job, said, text)
        job = replace(job, messages=reading.messages)
        going = _Going(name, job, served, reader, reading, job.begun_text + (text or reading.begun.text))
        if served.manner == "chat":
            _check_chat(going)
        self._start(going)
        return replace(reading.begun, text=reading.begun.text if said else text)

    def _start(self, going: _Going) -> None:
        path = "completions" if going.served.manner == "tokens" else "chat/completions"

        def tell(what: Chunk | Over) -> bool:
            piece = going.hear(what) if isinstance(what, Chunk) else what
            if piece is not None:
                self._told.put((going, piece))
            return piece is not None

        asking = Asking(self._address, path, going.body, tell, self._limits)
        self._going[going.name] = (going, asking)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=asking.run, daemon=True))
        self._threads[-1].start()

    def step(self) -> list[Heard | Ended]:
        heard: list[Heard | Ended] = []
        try:
            heard += self._heard(*self._told.get(timeout=WAIT_S))
            while True:
                heard += self._heard(*self._told.get_nowait())
        except queue.Empty:
            return heard

    def _heard(self, going: _Going, what: Tokens | Over) -> list[Heard | Ended]:
        if self._going.get(going.name, (None,))[0] is not going:
            return []
        decoder = going.reading.decoder
        if isinstance(what, Tokens):
            text = what.text + "".join(map(decoder.push, what.ids))
            return [Heard(going.name, Tokens(text, what.ids, what.n_unnamed))]
        del self._going[going.name]
        ended = Ended(going.name, what.reason, what.code)
        return ending(decoder, ended) if going.ids else [ended]

    def cancel(self, name: str) -> None:
        if name in self._going:
            _, asking = self._going.pop(name)
            asking.stop()

    def close(self) -> None:
        for name in list(self._going):
            self.cancel(name)
        for thread in self._threads:
            thread.join(self._limits.connect_s)


def _messages(job: Job, reader: Reader) -> list[Mapping[str, str]]:
    """The talk, opened by the run's system prompt unless it brings one."""
    system = reader.system_prompt
    if system is None or job.messages[0]["role"] == "system":
        return list(job.messages)
    return [{"role": "system", "content": system}, *job.messages]


def _check_chat(going: _Going) -> None:
    """Raises   Refused: the server cannot do what manner tokens does"""
    if going.text and not going.served.continues:
        raise Refused("cannot_continue", "this server cannot go on with an answer. Ask for it anew.")
    tokenizer = going.reader.tokenizer
    found = next((t for m in going.job.messages if (t := control_token_in(tokenizer, m["content"]))), None)
    if found:
        raise Refused("bad_prompt", f"the talk spells out the control token {found}, which could open a turn.")
