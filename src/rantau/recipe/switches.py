"""The named switches: what a seed did, what is better, and why. A profile sets the defaults of all of them."""

from __future__ import annotations

from collections.abc import Mapping
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
    Switch("held-out overlap", "curation.held_out_words", 0, 8,
           "rows that share text with the held-out part flatter every figure"),
    Switch("language check", "curation.language.detector", "none", "py3langid",
           "text in another language teaches another language"),
    Switch("exact duplicates", "curation.exact_duplicates", "keep", "drop",
           "repeated rows are memorised and weigh more than asked"),
)  # fmt: skip


def with_profile_defaults(data: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's own values, with the profile's value for every switch that it leaves out."""
    filled: dict[str, Any] = dict(data)
    if filled.get("profile", "better") == "seed":
        for switch in SWITCHES:
            filled = _set_default(filled, switch.path.split("."), switch.seed)
    return filled


def _set_default(node: Any, path: list[str], value: Any) -> Any:
    if path[0] == "*":
        if not isinstance(node, list):
            return node
        return [_set_default(n, path[1:], value) if _takes(n, path[1:]) else n for n in node]
    if not isinstance(node, Mapping):
        return node
    head, rest = path[0], path[1:]
    if not rest:
        return {**node, head: node.get(head, value)}
    return {**node, head: _set_default(node.get(head, {}), rest, value)}


def _takes(node: Any, path: list[str]) -> bool:
    """A cpt phase has no answers, so the switch on loss does not reach it."""
    return not (path == ["loss_on"] and isinstance(node, Mapping) and node.get("kind") == "cpt")


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
        return [v for n in node if _takes(n, path[1:]) for v in _values(n, path[1:], f"{at}.{n['name']}")]
    return _values(node[path[0]], path[1:], f"{at}.{path[0]}" if at else path[0])
