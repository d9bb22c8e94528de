"""Conversations of the ChatterBot corpus: YAML files with lists of turns, user first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rantau import files
from rantau.errors import DataError
from rantau.stages.sources.rows import Row, Unusable


def read_chatterbot(origin: str, path: Path) -> Iterator[Row | Unusable]:
    """One dialogue for each conversation.

    A conversation that ends on a user turn loses that turn: nobody answered it.
    """
    data = _load(origin, path)
    categories = ", ".join(str(c) for c in data.get("categories") or [])
    for number, turns in enumerate(data["conversations"], start=1):
        said = ["" if t is None else str(t).strip() for t in turns] if isinstance(turns, list) else []
        excerpt = " / ".join(said)[:200]
        whole = said[: len(said) // 2 * 2]
        if not whole:
            yield Unusable(origin, path.name, number, number, "nobody answers", excerpt)
        elif not all(said):
            yield Unusable(origin, path.name, number, number, "empty turn", excerpt)
        else:
            messages = [{"role": ("user", "assistant")[i % 2], "content": t} for i, t in enumerate(whole)]
            values = {"messages": messages, "file": path.stem, "categories": categories}
            yield Row(origin, path.name, number, number, values)


def _load(origin: str, path: Path) -> dict[str, list[object]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(files.read_text(path))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise DataError(f"{origin}{line}: not YAML ({getattr(error, 'problem', error)}).") from error
    if not isinstance(data, dict) or not isinstance(data.get("conversations"), list):
        raise DataError(f"{origin}: needs the key conversations with a list of lists of turns.")
    return data
