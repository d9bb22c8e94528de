"""Which questions the training text holds, from what the cleaning stage found."""

from __future__ import annotations

from pathlib import Path

from rantau import files
from rantau.errors import MeasureError
from rantau.recipe import Contamination
from rantau.stages.evaluation.benchmarks.asking import Told, Wanted

FOUND = "contamination.json"


def contaminated_rows(
    clean: Path, contamination: Contamination, task: Wanted, told: Told, *, data: Path | None, folder: Path
) -> frozenset[int] | None:
    """Rows of the task's file that training text holds; None if nobody looked.

    Looked at are the benchmarks of curation.contamination whose path is the imported file of this task. Rows whose
    leaks were dropped are no longer in the text: they count as clean.

    clean    folder of the cleaning stage; data: imported benchmarks; folder: of the recipe
    """
    split = str(told.facts["split"])
    if task.local is None or data is None or split not in task.local.files:
        return None
    asked = (data / task.local.files[split]).resolve()
    mine = [b.name for b in contamination.benchmarks if (folder / b.path).resolve() == asked]
    if not mine:
        return None
    if contamination.on_hit == "drop":
        return frozenset()
    found = {row["benchmark"]: row for row in files.read_json(clean / FOUND)["benchmarks"]}
    return frozenset(item for name in mine for item in _items(found[name], name))


def _items(row: dict[str, object], name: str) -> list[int]:
    items = row.get("hit_items")
    if not isinstance(items, list):
        raise MeasureError(f"{FOUND}: {name} does not tell which items were found. Remove it and run again.")
    return items
