"""Attachments: files that a browser saves. A title names them, and no title can lead it elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.http import content_disposition_header

Kind = Literal["md", "json", "jsonl"]
TYPES: dict[Kind, str] = {
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
}
LONGEST = 60
_NOT_NAMES = re.compile(r"[^\w]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def attachment(body: str, name: str, kind: Kind) -> HttpResponse:
    """name: without its ending"""
    made = HttpResponse(body.encode(), content_type=TYPES[kind])
    made["Content-Disposition"] = content_disposition_header(True, f"{name}.{kind}")
    return made


def file_name(title: str) -> str:
    """Letters, digits and hyphens of a title: no path, no ending of its own, no name that a system reserves."""
    name = _NOT_NAMES.sub("-", title).strip("-_")[:LONGEST].rstrip("-_")
    return "talk" if not name or _RESERVED.fullmatch(name) else name


def json_lines(rows: Iterable[Any]) -> str:
    """One row a line; line separators that some readers split at are escaped."""
    return "".join(f"{json_text(row)}\n" for row in rows)


def json_text(value: Any, *, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return re.sub("[\x85\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)
