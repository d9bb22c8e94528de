"""The named switches: what a seed did, what is better, and why. A profile sets the defaults of all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from rantau.recipe.slices import Recipe


@dataclass(frozen=True, slots=True)
class Switch:
    """path: recipe field, with * for every element of a list."""

    name: str
    path: str
    seed: Any
    better: Any
    why: str


SWITCHES: tuple[Switch, ...] = (
    Switch("chat template", "formatting.template", "plain", "auto",
           "plain User:/Assistant: text is a format that the base model has never seen"),
    Switch("loss on", "phases.*.loss_on", "all", "answers",
           "loss on the prompt spends capacity on copying instructions"),
    Switch("adapter targets", "adapter.targets", ["q_proj", "k_proj", "v_proj", "o_proj"], "all-linear",
           "adapters on all linear layers learn more at an equal number of parameters"),
    Switch("effective scale", "adapter.alpha", 16, "auto",
           "rsLoRA with alpha unchanged multiplies the scale by sqrt(rank); auto keeps it at 2"),
    Switch("optimiser memory", "phases.*.beta2", 0.999, 0.95,
           "an average over 1,000 steps is not yet warm when a short phase ends"),
    Switch("answer length", "evaluation.prompts.max_new_tokens", 48, 256,
           "a perfect answer cut at 48 tokens scores 8 to 12 BLEU"),
    Switch("decoding", "evaluation.prompts.decoding", "sampling", "greedy",
           "sampling adds the luck of the draw to every figure"),
    Switch("repeated answers", "evaluation.prompts.repeats", 5, 1,
           "the spread of five runs is decoding noise; it says nothing of other questions"),
    Switch("words of ROUGE", "evaluation.prompts.rouge", "ascii", "unicode",
           "with a-z and 0-9 alone two equal Korean sentences score 0"),
    Switch("semantic threshold", "evaluation.prompts.semantic.*.threshold", 0.5, "auto",
           "at a cosine of 0.5 an English encoder calls most unrelated Indonesian sentences equal"),
    Switch("held-out overlap", "curation.held_out_words", 0, 8,
           "rows that share text with the held-out part flatter every figure"),
    Switch("language check", "curation.language.detector", "none", "both",
           "text in another language teaches another language"),
    Switch("near duplicates", "curation.near_duplicates.method", "none", "minhash",
           "almost equal rows teach the same thing twice and leak into what is held out"),
    Switch("quality filters", "curation.quality.thresholds", "none", "auto",
           "repeated lines and lists of numbers are learnt as they stand"),
    Switch("text repair", "curation.repair", False, True,
           "wrongly decoded characters are learnt as they stand"),
    Switch("rare strata", "curation.sampling.*.steps.*.rare", "random", "pool",
           "one row in a class of its own made the seed's whole sample random"),
    Switch("feature scale", "curation.sampling.*.steps.*.features.scale", "standard", "none",
           "with variance 1 for every column rare terms become clusters of their own"),
    Switch("stop words", "curation.sampling.*.steps.*.features.parts.*.stop_words", "english", "language",
           "English stop words remove almost nothing from Indonesian, so dan and yang make the clusters"),
    Switch("term counts", "curation.sampling.*.steps.*.features.parts.*.sublinear", False, True,
           "a word said ten times is not ten times the topic"),
    Switch("term dimensions", "curation.sampling.*.steps.*.features.parts.*.svd", None, 128,
           "distances between sparse rows are nearly all equal; a reduced space has neighbours"),
    Switch("exact duplicates", "curation.exact_duplicates", "keep", "drop",
           "repeated rows are memorised and weigh more than asked"),
)  # fmt: skip


ELEMENTS_WITH: dict[str, tuple[str, tuple[str, ...]]] = {
    "loss_on": ("kind", ("sft",)),
    "features": ("method", ("cluster", "k_center", "facility_location")),
    "rare": ("method", ("stratified",)),
    "stop_words": ("kind", ("tfidf",)),
    "sublinear": ("kind", ("tfidf",)),
    "svd": ("kind", ("tfidf",)),
}
"""Field -> the key of its element that says so, and the values of it that have the field, the default first."""


LEFT_OUT = ("prompts",)
"""Parts that a recipe may leave out as a whole: a switch does not bring them in."""


def with_profile_defaults(data: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """The recipe's own values, with the profile's value for every switch that it leaves out.

    known  fields of this kind of recipe; switches on others do not reach it
    """
    filled: dict[str, Any] = dict(data)
    if filled.get("profile", "better") == "seed":
        for switch in (s for s in SWITCHES if s.path.split(".")[0] in known):
            filled = _set_default(filled, switch.path.split("."), switch.seed)
    return filled


def _set_default(node: Any, path: list[str], value: Any) -> Any:
    if path[0] == "*":
        return [_set_default(n, path[1:], value) if _takes(n, path[1:]) else n for n in node]
    if not isinstance(node, Mapping):
        return node
    head, rest = path[0], path[1:]
    if not rest:
        return {**node, head: node.get(head, value)}
    if rest[0] == "*" and not isinstance(node.get(head), list):
        return node
    if head in LEFT_OUT and node.get(head) is None:
        return node
    return {**node, head: _set_default(node.get(head, {}), rest, value)}


def _takes(node: Any, path: list[str]) -> bool:
    """Whether an element of a list has the field: a cpt phase has no answers, a filter step has no features."""
    key, kinds = ELEMENTS_WITH.get(path[0], ("", None))
    return kinds is None or not isinstance(node, Mapping) or node.get(key, kinds[0]) in kinds


def switch_table(recipe: Recipe) -> list[dict[str, str]]:
    """Rows name, path, seed, better, here, side (seed | better | own) for the report."""
    rows = []
    data = recipe.model_dump(mode="json", by_alias=True)
    for switch in SWITCHES:
        for path, value in _values(data, switch.path.split(".")):
            side = "better" if value == switch.better else "seed" if value == switch.seed else "own"
            shown = {"seed": switch.seed, "better": switch.better, "here": value}
            texts = {k: ", ".join(v) if isinstance(v, list) else str(v) for k, v in shown.items()}
            rows.append({"name": switch.name, "path": path, "side": side, "why": switch.why, **texts})
    return rows


def _values(node: Any, path: list[str], at: str = "") -> list[tuple[str, Any]]:
    if not path:
        return [(at, node)]
    if path[0] == "*":
        named = [(n.get("name", i) if isinstance(n, dict) else i, n) for i, n in enumerate(node)]
        return [v for name, n in named if _takes(n, path[1:]) for v in _values(n, path[1:], f"{at}.{name}")]
    if node[path[0]] is None and path[0] in LEFT_OUT:
        return []
    return _values(node[path[0]], path[1:], f"{at}.{path[0]}" if at else path[0])
