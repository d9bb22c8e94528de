"""Engines as one: the model that a prompt names chooses which of them answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rantau.serving.engines.engine import Begun, Ended, Engine, Heard, Refused
from rantau.serving.protocol import Job


class SeveralEngines:
    """slots: answers at once of all of them together; each engine must take as many, since one model may be asked
    alone."""

    def __init__(self, engines: Sequence[Engine], *, slots: int) -> None:
        self.slots = slots
        self._by_model = {model: engine for engine in engines for model in engine.models}
        self.models = tuple(self._by_model)
        self._going: dict[str, Engine] = {}

    @property
    def digests(self) -> Mapping[str, str]:
        return {
            name: digest for engine in list(self._by_model.values()) for name, digest in engine.digests.items()
        }

    def submit(self, name: str, job: Job, said: Sequence[int], text: str = "") -> Begun:
        engine = self._by_model.get(job.model)
        if engine is None:
            raise Refused("model_gone", f"{job.model} is not here any more; {', '.join(self.models)} answers.")
        begun = engine.submit(name, job, said, text)
        self._going[name] = engine
        return begun

    def step(self) -> list[Heard | Ended]:
        """Asks only engines that have something on: the others would wait in vain."""
        heard: list[Heard | Ended] = []
        for engine in list(dict.fromkeys(self._going.values())):
            heard += engine.step()
        for what in heard:
            if isinstance(what, Ended):
                self._going.pop(what.name, None)
        return heard

    def cancel(self, name: str) -> None:
        if engine := self._going.pop(name, None):
            engine.cancel(name)

    def close(self) -> None:
        for engine in dict.fromkeys(self._by_model.values()):
            engine.close()
