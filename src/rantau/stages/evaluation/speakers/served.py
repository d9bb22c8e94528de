"""A served model answers: prompts as token ids to /v1/completions, each answer on its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from rantau.chat import Tokenizer
from rantau.errors import MachineError, RecipeError
from rantau.machine import Machine
from rantau.recipe import Model, Recipe
from rantau.stages.evaluation.ledger import Tell
from rantau.stages.evaluation.prompts.rendering import decode_cuts
from rantau.stages.evaluation.speakers.manners import MANNERS, REFUSALS, Manner, request_body
from rantau.stages.evaluation.speakers.server import Refused, Server
from rantau.stages.evaluation.speakers.speaker import Decoding, Question, Spoken

AT_ONCE = 32
ADAPTED = "adapted"  # the name of the adapted model unless --served-adapted says another
NO_SERVER = (
    "evaluation.prompts.engine is server, but no server is named. Give --server URL, such as "
    "http://127.0.0.1:8000, or set engine: transformers."
)


def asks_server(recipe: Recipe) -> bool:
    return recipe.evaluation.prompts is not None and recipe.evaluation.prompts.engine == "server"


def check_server(machine: Machine, unfinished: Collection[str]) -> None:
    """Before a run begins: raises RecipeError if a stage that is to be built asks a server and none is named."""
    if machine.server is None and any(name.startswith("answer-") for name in unfinished):
        raise RecipeError(NO_SERVER)


def served_as(
    machine: Machine, model: Model, tokenizer: Tokenizer, stop_ids: Sequence[int], adapter: Path | None
) -> Served:
    """The machine's server as the base, or with an adapter as the adapted model; nothing is asked yet.

    Raises   RecipeError if the machine names no server
    """
    if machine.server is None:
        raise RecipeError(NO_SERVER)
    name = machine.served_adapted if adapter else machine.served_base
    if adapter:
        fix = (
            f"Serve it: with vLLM --enable-lora --max-lora-rank RANK --lora-modules {name or ADAPTED}={adapter}; "
            "a server without adapters takes the merged folder that rantau export makes. Or name it: "
            "--served-adapted NAME."
        )
    else:
        fix = f"Serve {model.base}, or name it: --served-base NAME."
    return Served(Server(machine.server), name or (ADAPTED if adapter else model.base), tokenizer, stop_ids, fix)


@dataclass(slots=True)
class Served:
    """One name on a server, as an answerer.

    fix  what to do if the server does not serve the name
    """

    server: Server
    name: str
    tokenizer: Tokenizer
    stop_ids: Sequence[int]
    fix: str
    at_once: int = AT_ONCE
    _manner: Manner | None = None
    _failed: MachineError | None = None
    _lock: Lock = field(default_factory=Lock)

    def answers(self, questions: Sequence[Question], decoding: Decoding, tell: Tell) -> list[Spoken]:
        """Raises MachineError, naming the server, if it is not there, lacks the name or refuses the question."""
        said = []
        for number, question in enumerate(questions, start=1):
            said.append(self._answer(question, decoding))
            tell(number / len(questions))
        return said

    def _answer(self, question: Question, decoding: Decoding) -> Spoken:
        with self._lock:  # the first question finds out how to ask; the others wait for it
            if self._failed:
                raise self._failed
            if self._manner is None:
                return self._meet(question, decoding)
            manner = self._manner
        found = self._ask(question, decoding, manner)
        return self._spoken(found, question, decoding, manner)

    def _ask(self, question: Question, decoding: Decoding, manner: Manner) -> dict[str, Any]:
        body = request_body(self.name, self.tokenizer, self.stop_ids, question, decoding, manner)
        return self.server.call("completions", body)

    def _meet(self, question: Question, decoding: Decoding) -> Spoken:
        try:
            manner, found = self._first(question, decoding)
            self._check_name(str(found.get("model")))
            said = self._spoken(found, question, decoding, manner)
        except MachineError as error:
            self._failed = error  # else each of those who wait would try as long
            raise
        self._manner = manner
        return said

    def _check_name(self, answered: str) -> None:
        """Some servers answer to any name with the one model that they have: then base and adapted would be equal.

        answered  the name in an answer; `transformers serve` adds @ and the revision, and lists only cached models
        """
        names = self.server.names()
        if self.name not in names and not answered.startswith(f"{self.name}@"):
            raise MachineError(self._not_served(names))

    def _not_served(self, names: Sequence[str]) -> str:
        found = ", ".join(names) or "nothing by name"
        return (
            f"{self.server.root}: does not serve {self.name!r}; it serves {found}. "
            f"{self.fix} Then run again: what is finished is kept."
        )

    def _first(self, question: Question, decoding: Decoding) -> tuple[Manner, dict[str, Any]]:
        refusals = []
        for manner in MANNERS:
            if not manner.own_fields and decoding.sampling and decoding.sampling.top_k is not None:
                refusals.append(
                    "without the fields of vLLM top_k cannot be said; set evaluation.prompts.top_k: null"
                )
                break
            try:
                return manner, self._ask(question, decoding, manner)
            except Refused as error:
                if error.status == 404 and (names := self.server.names()) and self.name not in names:
                    raise MachineError(self._not_served(names)) from error
                if error.status not in REFUSALS:
                    raise
                refusals.append(str(error))
        raise MachineError(f"{self.server.root}: refuses to answer. " + " Then: ".join(refusals))

    def _spoken(self, found: dict[str, Any], question: Question, decoding: Decoding, manner: Manner) -> Spoken:
        try:
            choice = found["choices"][0]
            text, reason = str(choice["text"]), choice["finish_reason"]
        except (KeyError, IndexError, TypeError) as error:
            raise MachineError(
                f"{self.server.root}/completions: answers without a text: {str(found)[:200]}"
            ) from error
        if reason not in ("stop", "length"):
            raise MachineError(
                f"{self.server.root}/completions: an answer ended for the reason {reason!r}, not stop or length. "
                "Look into the server's own log, and run again."
            )
        self._check_prompt(found, question, manner)
        ids = self._ids(choice, text)
        if choice.get("token_ids") is not None:
            text = str(self.tokenizer.decode(ids, skip_special_tokens=True))
        n_tokens = min(len(ids), decoding.max_new_tokens)
        return Spoken(text, n_tokens, reason == "stop", decode_cuts(self.tokenizer, ids, text, decoding.cuts))

    def _check_prompt(self, found: dict[str, Any], question: Question, manner: Manner) -> None:
        seen = (found.get("usage") or {}).get("prompt_tokens")
        if seen is None and manner.token_ids:
            return
        if seen != (sent := len(question.prompt_ids)):
            raise MachineError(
                f"{self.server.root}/completions: read {seen} tokens in a prompt of {sent}: it "
                "does not see what base and adapted must both see. Serve the recipe's own base, or use a server "
                "that takes prompts as token ids (vLLM, SGLang, llama.cpp)."
            )

    def _ids(self, choice: dict[str, Any], text: str) -> list[int]:
        """The answer's tokens without its end; of a server that does not tell them: those of its text."""
        told = choice.get("token_ids")
        if told is None:
            return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        ids = [int(i) for i in told]
        return ids[:-1] if ids and choice["finish_reason"] == "stop" and ids[-1] in self.stop_ids else ids
