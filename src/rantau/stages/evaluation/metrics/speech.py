"""Speech: the answers of both systems beside the references, item by item, as each metric sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rantau.language import NormalForm, normalise
from rantau.recipe import Prompts
from rantau.records import Answer
from rantau.stages.evaluation.asked import Asked

NORMAL_FORM: NormalForm = "NFC"

T = TypeVar("T")
Texts = tuple[str, ...]
Draws = tuple[Texts, ...]  # (draw, item)


@dataclass(frozen=True, slots=True)
class View:
    """What one metric sees. All texts are in one order of items and in one normal form, without outer spaces.

    base, adapted  (draw, item) answers, cut where the recipe says so
    references     (item,) whole
    cut            (item,) references as far as the answers may reach: what a perfect system could say
    settings       of normal form and generation, for signatures
    """

    base: Draws
    adapted: Draws
    references: Texts
    cut: Texts
    settings: str


@dataclass(frozen=True, slots=True)
class Speech:
    """Everything that was said.

    source         name of the prompts' source
    prompts        (item,) the turns of each prompt, without template
    whole          answers of any length
    views          metric -> what it sees instead of the whole
    ended_base, ended_adapted
                   (draw, item) 1.0 where an answer ended by itself
    references_end (item,) 1.0 where the reference leaves room for an end
    """

    source: str
    prompts: Texts
    whole: View
    ended_base: tuple[tuple[float, ...], ...]
    ended_adapted: tuple[tuple[float, ...], ...]
    references_end: tuple[float, ...]
    views: Mapping[str, View] = field(default_factory=dict)

    def seen_by(self, metric: str) -> View:
        """metric: bleu, chrf++, rouge or semantic; any other sees the whole answers."""
        return self.views.get(metric, self.whole)


def speech_of(base: Asked, adapted: Asked, prompts: Prompts) -> Speech:
    """The speech of two systems that were asked the same items (`refuse_unlike`)."""
    limit, settings = prompts.max_new_tokens, _settings(prompts)
    references = _plain(i["reference"] for i in base.items)
    whole = View(
        base=_draws(base.answers, prompts.repeats, lambda a: a.text),
        adapted=_draws(adapted.answers, prompts.repeats, lambda a: a.text),
        references=references,
        cut=_plain(i["reference_cut"] for i in base.items),
        settings=settings,
    )

    def view(n_tokens: int) -> View:
        key = str(n_tokens)
        return View(
            base=_draws(base.answers, prompts.repeats, lambda a: a.cuts[key]),
            adapted=_draws(adapted.answers, prompts.repeats, lambda a: a.cuts[key]),
            references=references,
            cut=_plain(i["reference_cuts"][key] for i in base.items),
            settings=f"{settings}|seen_tokens:{n_tokens}",
        )

    return Speech(
        source=prompts.source,
        prompts=_plain("\n".join(m["content"] for m in i["prompt_messages"]) for i in base.items),
        whole=whole,
        ended_base=_by_draw([float(a.ended) for a in base.answers], prompts.repeats),
        ended_adapted=_by_draw([float(a.ended) for a in adapted.answers], prompts.repeats),
        # The end token is one of the new tokens: a reference that fills them all could not end.
        references_end=tuple(float(i["reference_tokens"] < limit) for i in base.items),
        views={metric: view(tokens) for metric, tokens in prompts.metric_tokens.items()},
    )


def _settings(prompts: Prompts) -> str:
    decoding: str = prompts.decoding
    if decoding == "sampling":
        kept = "all" if prompts.top_k is None else str(prompts.top_k)
        decoding = (
            f"sampling,temperature={prompts.temperature:g},top_k={kept},top_p={prompts.top_p:g}"
            f"|answers_per_item:{prompts.repeats}"
        )
    return f"form:{NORMAL_FORM}|decoding:{decoding}|max_new_tokens:{prompts.max_new_tokens}"


def _draws(answers: Sequence[Answer], repeats: int, text_of: Callable[[Answer], str]) -> Draws:
    return _by_draw(_plain(map(text_of, answers)), repeats)


def _by_draw(values: Sequence[T], repeats: int) -> tuple[tuple[T, ...], ...]:
    """(draw, item) from values in the order of the file: all draws of an item together."""
    return tuple(tuple(values[draw::repeats]) for draw in range(repeats))


def _plain(texts: Iterable[str]) -> Texts:
    return tuple(normalise(text, NORMAL_FORM).strip() for text in texts)
