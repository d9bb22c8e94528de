"""Logs: one JSON object a line, with ids and causes, never with what people wrote."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime

SPEAKING = (ImportError, NameError, AttributeError, OSError)
"""Errors whose words are of programs and files."""
SHOWN = ("generation", "talk", "state", "code", "status_code")


class JsonFormatter(logging.Formatter):
    """Of most exceptions it keeps type and place only: their words may quote a prompt."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        row |= {name: str(value) for name in SHOWN if (value := getattr(record, name, None)) is not None}
        if record.exc_info and record.exc_info[0]:
            row["error"] = record.exc_info[0].__name__
            if isinstance(record.exc_info[1], SPEAKING):
                row["cause"] = str(record.exc_info[1])
            row["where"] = [f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(record.exc_info[2])]
        return json.dumps(row, ensure_ascii=False)
