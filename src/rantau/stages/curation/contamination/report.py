"""What the report says of each benchmark: how much of it can be told, and how much was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from rantau.stages.curation.contamination.matching import Hit, Index

MOST_EXAMPLES = 3


def contamination_report(index: Index, hits: Iterable[tuple[str, Hit]]) -> list[dict[str, object]]:
    """One row for each benchmark, in the order of the recipe.

    hits      document id and hit, in the order of the documents
    Returns   items; checkable, long enough to be found inside a text, and its share; hit items and their share
              of the checkable ones (0..1, None if there are none); documents that hold an item; hits by kind;
              up to three examples of different items; the rows of all hit items, from 0
    A hit item that is too short to be checkable was met as a whole document: it counts as hit.
    """
    documents: defaultdict[str, set[str]] = defaultdict(set)
    found: defaultdict[str, dict[int, dict[str, object]]] = defaultdict(dict)
    kinds: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for document, hit in hits:
        documents[hit.benchmark].add(document)
        kinds[hit.benchmark][hit.kind] += 1
        example = {"document": document, "item": hit.item, "kind": hit.kind, "run": hit.run[:200]}
        found[hit.benchmark].setdefault(hit.item, example)
    parts, checkable = index.runs.parts, index.runs.checkable()
    rows: list[dict[str, object]] = []
    for number, name in enumerate(parts.benchmarks):
        mine = parts.benchmark == number
        n_items, n_checkable = int(np.count_nonzero(mine)), int(np.count_nonzero(mine & checkable))
        told = set(parts.number[mine & checkable].tolist()) | set(found[name])
        rows.append({
            "benchmark": name,
            "items": n_items,
            "checkable": n_checkable,
            "checkable_share": n_checkable / n_items if n_items else None,
            "hit": len(found[name]),
            "hit_share": len(found[name]) / len(told) if told else None,
            "documents": len(documents[name]),
            "kinds": dict(sorted(kinds[name].items())),
            "examples": list(found[name].values())[:MOST_EXAMPLES],
            "hit_items": sorted(found[name]),
        })  # fmt: skip
    return rows
