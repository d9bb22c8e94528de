"""A talk with a model in the terminal: history, system prompt, sampling."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rantau.chat import Template, encode_prompt
from rantau.model.generate import Sampling, stream
from rantau.records import Message


@dataclass(slots=True)
class Talk:
    """One conversation; `messages` is what the model sees again with every question."""

    title: str
    model: Any
    tokenizer: Any
    template: Template
    sampling: Mapping[str, Any]
    system: str | None = None
    messages: list[Message] = field(default_factory=list)

    @classmethod
    def of_run(
        cls, folder: Path, *, base: bool, device: str, system: str | None, sampling: Mapping[str, Any]
    ) -> Talk:
        """Loads the base model of the run and, unless `base`, its adapter."""
        from rantau.chat import template_for
        from rantau.machine import detect
        from rantau.model.adapters import load_adapter
        from rantau.model.load import load_base
        from rantau.model.tokenizer import load_tokenizer
        from rantau.model.vocabulary import extend_model
        from rantau.recipe import Recipe
        from rantau.run.journal import read_journal

        recipe = Recipe.model_validate(read_journal(folder)["recipe"])
        model: Any = load_base(recipe.model, detect(device))  # type: ignore[arg-type]
        words = folder / "stages" / "vocabulary" if recipe.vocabulary.extend and not base else None
        if words:
            extend_model(model, words)
        if not base:
            model = load_adapter(model, folder / "stages" / f"train-{recipe.phases[-1].name}" / "adapter", trainable=False)  # fmt: skip  # noqa: E501
        tokenizer = load_tokenizer(recipe.model, vocabulary=words)
        title = f"{recipe.model.base if base else folder.name} ({'base' if base else 'adapted'})"
        template = template_for(recipe.formatting, tokenizer)
        return cls(title, model, tokenizer, template, sampling, system or recipe.formatting.system_prompt)

    def clear(self) -> None:
        self.messages = []

    def ask(self, text: str, stopped: Callable[[], bool]) -> Iterator[str]:
        """Pieces of the answer as they are made; what was said, also when stopped, joins the history.

        Raises   DataError if the text spells out a control token; it does not join the history then
        """
        asked = Message("user", text)
        _, ids = encode_prompt(self.template, self.tokenizer, [*self.messages, asked], system_prompt=self.system)
        pieces = stream(
            self.model, self.tokenizer, ids, self._sampling(), cancelled=stopped, stop_ids=self.template.stop_ids
        )
        answer = ""
        for piece in pieces:
            answer += piece
            yield piece
        self.messages += [asked, Message("assistant", answer)]

    def _sampling(self) -> Sampling:
        given = self.sampling
        seed = given["seed"] if given["seed"] is not None else secrets.randbits(31)
        return Sampling(
            temperature=given["temperature"], top_k=given["top_k"], top_p=given["top_p"],
            repetition_penalty=given["repetition_penalty"], max_new_tokens=given["max_tokens"], seed=seed,
        )  # fmt: skip
