"""Answers by CTranslate2 with int8 weights: several times as many tokens per core as transformers.

The library knows neither a seed nor a repetition penalty that counts the prompt, for one answer: both are refused.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import MachineError, ModelError, ServingError
from rantau.machine import available_cores
from rantau.model.stream import PieceDecoder
from rantau.serving.engines.building import Asked, Says
from rantau.serving.engines.cohorts import Cohort, Manner, Row
from rantau.serving.engines.converted import folder_of, reader_of, revisions_asked
from rantau.serving.engines.engine import Begun, Ended, Engine, Heard
from rantau.serving.engines.reading import Reader, digests_of, ending
from rantau.serving.engines.several import SeveralEngines
from rantau.serving.engines.turns import Turns
from rantau.serving.engines.wishes import CTRANSLATE2, check_wish
from rantau.serving.protocol import Job, Reason, Tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

INSTALL = "pip install 'rantau[ctranslate2]'"
WAIT_S = 0.05
SILENT_S = 180.0
"""Sixteen prompts that fill a context of 2048 are read in 70 s (SmolLM2-135M, one core)."""


@dataclass(slots=True)
class _Going:
    """number: of the submission, since an answer may be asked for again after a cancel; ids: of this row"""

    number: str
    manner: Manner
    row: Row
    decoder: PieceDecoder
    ids: list[int] = field(default_factory=list)


class Ctranslate2Engine:
    """folder: of a converted model, as `rantau export --ctranslate2` writes it; turns: who may compute now, of the
    engines on the same cores; threads: of one computation.

    Raises   MachineError if the package is missing; ModelError if the folder holds another vocabulary
    """

    def __init__(
        self,
        folder: Path,
        reader: Reader,
        turns: Turns,
        *,
        name: str,
        slots: int = 16,
        threads: int = 1,
    ) -> None:
        self.slots = slots
        self.models: tuple[str, ...] = (name,)
        self.digests = digests_of({name: reader})
        self._reader, self._turns = reader, turns
        self._generator = _load(folder, reader.tokenizer, slots, threads)
        self._waiting: list[tuple[Manner, Row]] = []
        self._cohorts: dict[threading.Thread, Cohort] = {}
        self._going: dict[str, _Going] = {}
        self._name_of: dict[str, str] = {}
        self._over: list[Heard | Ended] = []
        self._n_submitted, self._heard_at = 0, time.monotonic()
        self._told: queue.SimpleQueue[tuple[str, int | Reason]] = queue.SimpleQueue()

    @property
    def idle(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self._going and not self._over

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        check_wish(job.wish, engine="CTranslate2", cannot=CTRANSLATE2)
        reading = self._reader.read(job, said, text)
        if not reading.n_left:  # the worker before this one died between the last token and the end
            self._over.append(Ended(name, "length"))
            return reading.begun
        number, self._n_submitted = f"{self._n_submitted}", self._n_submitted + 1
        row = Row(number, self._reader.tokenizer.convert_ids_to_tokens(list(reading.ids)), reading.n_left)
        going = _Going(number, Manner.of(job.wish), row, reading.decoder)
        self._going[name], self._name_of[number] = going, name
        self._waiting.append((going.manner, row))
        return reading.begun

    def step(self) -> list[Heard | Ended]:
        self._start()
        self._check_alive()
        heard, self._over = self._over, []
        try:
            heard += self._heard(*self._told.get(timeout=0 if heard else WAIT_S))
            while True:
                heard += self._heard(*self._told.get_nowait())
        except queue.Empty:
            self._heard_at = time.monotonic() if heard else self._heard_at
            return heard

    def _check_alive(self) -> None:
        """Raises   ServingError if the library hangs: batches have threads of their own"""
        now = time.monotonic()
        if not self._going or not self._told.empty():
            self._heard_at = now
        elif now - self._heard_at > SILENT_S:
            raise ServingError(f"CTranslate2 has made no token for {SILENT_S:.0f} s. The worker is started again.")

    def _start(self) -> None:
        """What came since the last step begins together, as far as it may."""
        self._cohorts = {thread: cohort for thread, cohort in self._cohorts.items() if thread.is_alive()}
        waiting, self._waiting = self._waiting, []
        for manner, row in waiting:
            if any(cohort.takes(manner, row) for cohort in self._cohorts.values()):
                continue
            cohort = Cohort(manner, row, self._turns, self._reader.stops, lambda *told: self._told.put(told))
            thread = threading.Thread(target=cohort.run, args=(self._generator.generate_batch,), daemon=True)
            self._cohorts[thread] = cohort
        for thread in self._cohorts:
            if thread.ident is None:
                thread.start()

    def _heard(self, number: str, what: int | Reason) -> list[Heard | Ended]:
        name = self._name_of.get(number)
        if name is None:
            return []
        going = self._going[name]
        if isinstance(what, int):
            going.ids.append(what)
            return [Heard(name, Tokens(going.decoder.push(what), (what,)))]
        if what == "error" and not going.row.alone:
            self._try_alone(going)
            return []
        return ending(self._forget(name).decoder, Ended(name, what))

    def _try_alone(self, going: _Going) -> None:
        """Its batch has failed, perhaps by another row or by its size: it goes on from its tokens, once."""
        row = going.row
        tokens = [*row.tokens, *self._reader.tokenizer.convert_ids_to_tokens(going.ids)]
        going.row, going.ids = Row(row.name, tokens, row.n_left, alone=True), []
        self._waiting.append((going.manner, going.row))

    def _forget(self, name: str) -> _Going:
        going = self._going.pop(name)
        del self._name_of[going.number]
        return going

    def cancel(self, name: str) -> None:
        self._over = [over for over in self._over if over.name != name]
        if name in self._going:
            self._forget(name).row.over = True

    def close(self) -> None:
        for name in list(self._going):
            self.cancel(name)
        for thread in self._cohorts:
            thread.join()
        self._generator.unload_model()


def _load(folder: Path, tokenizer: PreTrainedTokenizerFast, slots: int, threads: int) -> Any:
    try:
        from ctranslate2 import Generator
    except ImportError as error:
        raise MachineError(f"the engine ctranslate2 needs a package. Run: {INSTALL}") from error
    vocabulary = folder / "vocabulary.json"
    if not vocabulary.is_file():
        raise ModelError(f"{folder}: no converted model. Write one: rantau export --ctranslate2 --to FOLDER")
    known = list(files.read_json(vocabulary))
    if known[: len(tokenizer)] != tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))):
        raise ModelError(f"{folder}: was converted with another tokenizer than the model's. Convert it again.")
    return Generator(str(folder), device="cpu", inter_threads=slots, intra_threads=threads)


def build(asked: Asked, says: Says) -> Engine:
    """All revisions of all runs, one step of one batch at a time: the machine's cores are there for one.

    Raises   SourceError, MachineError, ModelError
    """
    threads, turns = asked.threads or max(1, available_cores() - 1), Turns()
    revisions, engines = revisions_asked(asked), list[Engine]()
    for n, revision in enumerate(revisions):
        says(n / len(revisions), f"loading {revision.name}")
        folder, reader = folder_of(revision, "ctranslate2"), reader_of(revision, asked.context)
        engines.append(
            Ctranslate2Engine(folder, reader, turns, name=revision.name, slots=asked.slots, threads=threads)
        )
    return SeveralEngines(engines, slots=asked.slots)
