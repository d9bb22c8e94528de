"""The results side by side, and whether every side learnt the same thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.training.settings import Settings
from bench.training.sides import BY_NAME, OURS

Row = Mapping[str, Any]


def speeds(rows: Sequence[Row], base_loss: float) -> list[dict[str, Any]]:
    """The table of results. "x rantau": seconds over rantau's."""
    ours = next((r for r in rows if r["side"] == OURS), None)
    table: list[dict[str, Any]] = [
        {
            "side": row["side"],
            "epoch s": row["train_s"],
            "x rantau": row["train_s"] / ours["train_s"] if ours else "",
            "with loading s": row["process_s"],
            "x rantau, with loading": row["process_s"] / ours["process_s"] if ours else "",
            "useful tokens/s": row["tokens"] / row["train_s"],
            "padding": f"{1 - row['tokens'] / row['positions']:.1%}",
            "peak GiB": row["peak_gib"],
            "held-out loss": f"{row['held_out_loss']:.4f}",
        }
        for row in rows
    ]
    return [*table, {"side": "before training", "held-out loss": f"{base_loss:.4f}"}]


def work(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What each side trained: equal figures, or a note that says why not."""
    names = ("steps", "parameters", "tokens", "learnt", "positions", "threads", "dtype")
    return [{"side": row["side"], **{name: row[name] for name in names}} for row in rows]


def notes(rows: Sequence[Row], settings: Settings) -> list[str]:
    """One line for each side: what it is, and what differs from rantau's work."""
    ours = next((r for r in rows if r["side"] == OURS), None)
    lines = []
    for row in rows:
        found = differences(row, ours, settings) if ours else []
        differing = "; ".join(text for text, _ in found)
        lines.append(
            f"- {row['side']}: {BY_NAME[row['side']].note}" + (f". Differs: {differing}" if found else "")
        )
    return lines


def unexplained(rows: Sequence[Row], settings: Settings) -> list[str]:
    """Differences for which there is no reason: the sides did not train the same thing."""
    ours = next((r for r in rows if r["side"] == OURS), None)
    if ours is None:
        return []
    return [
        f"{row['side']}: {text}" for row in rows for text, known in differences(row, ours, settings) if not known
    ]


def differences(row: Row, ours: Row, settings: Settings) -> list[tuple[str, bool]]:
    """(what differs from rantau, whether the reason is known)."""
    found = [
        (f"{row[name]:,} {name} against {ours[name]:,}", False)
        for name in ("steps", "parameters", "threads", "adapter_parameters")
        if row[name] != ours[name]
    ]
    return found + _tokens(row, ours) + _learnt(row, ours, settings)


def _tokens(row: Row, ours: Row) -> list[tuple[str, bool]]:
    fewer = ours["tokens"] - row["tokens"]
    if not fewer:
        return []
    if row["side"] == "tutorial" and fewer > 0:
        return [(f"{fewer:,} tokens beyond 512 are cut off", True)]
    return [(f"{row['tokens']:,} tokens against {ours['tokens']:,}", False)]


def _learnt(row: Row, ours: Row, settings: Settings) -> list[tuple[str, bool]]:
    """The template ends a turn with a line break; rantau stops learning at the token that ends the answer."""
    more = row["learnt"] - ours["learnt"]
    if not more:
        return []
    if more == settings.n_rows:
        return [(f"{more:,} learnt tokens more, the line break after each answer", True)]
    if row["side"] == "tutorial" and row["learnt"] == row["positions"] - settings.n_rows:
        return [(f"{row['learnt']:,} positions are learnt against {ours['learnt']:,} tokens", True)]
    return [(f"{row['learnt']:,} learnt tokens against {ours['learnt']:,}", False)]
