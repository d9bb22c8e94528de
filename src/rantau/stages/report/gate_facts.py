"""Facts of the gates: conditions under which the run was to fail, as the comparison judged them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Gate:
    """One line of evaluation.fail_if: a row of gates.json.

    condition         as the recipe has it, such as source_bpb_rise > 0.02
    figure            its left side
    value, low, high  of that figure with its interval; None where it was not measured or has none
    failed            True if the condition holds
    reason            why, in words of the comparison; None where there is nothing to add
    """

    condition: str
    figure: str
    value: float | None
    low: float | None
    high: float | None
    limit: float
    failed: bool
    reason: str | None = None


def gates_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Gate, ...]:
    """Fields that the report does not know are left out."""
    names = tuple(Gate.__dataclass_fields__)
    known: list[dict[str, Any]] = [{k: row.get(k) for k in names} for row in rows]
    return tuple(Gate(**row) for row in known)
