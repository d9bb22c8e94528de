"""JSON: in files, and as the one text that equal values have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rantau.errors import DataError
from rantau.files.text import read_text, write_text


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text, NaN is refused."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} line {error.lineno}: not JSON ({error.msg}).") from error
