"""runs/<name>/: what people read. Links to the artefacts of the latest run, and run.json."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import SourceError
from rantau.run.runner import Outcome

FILE_NAME = "run.json"
ERROR = "error.txt"
"""Of a trial that failed, instead of run.json and links."""
SHOWN = (
    ("sample.parquet", "sample"), ("selection.html", "selection"), ("report.html", "report"),
    ("card.md", "model card"), ("bundle", "bundle"), ("merged", "merged model"), ("gguf", "GGUF"),
    ("ctranslate2", "CTranslate2"),
)  # fmt: skip
"""What lies at the top of runs/<name>/, besides <name>.zip, and what people call it."""


def write_journal(folder: Path, recipe: Mapping[str, Any], outcomes: Sequence[Outcome]) -> None:
    """Writes run.json and one link per stage, and links what people read and take along to the top."""
    folder.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        _link(folder / "stages" / outcome.stage, outcome.folder)
        for name in (*(name for name, _ in SHOWN), f"{folder.name}.zip"):
            if (outcome.folder / name).exists():
                _link(folder / name, outcome.folder / name)
            elif _is_of(folder / name, outcome.stage):
                (folder / name).unlink()
    rows = [{"stage": o.stage, "status": o.status, "reason": o.reason, "digest": o.digest, "wall_s": round(o.wall_s, 2), "artefact": os.path.relpath(o.folder, folder)} for o in outcomes]  # fmt: skip  # noqa: E501
    files.write_json(folder / FILE_NAME, {"recipe": recipe, "stages": rows})


def withdraw_journal(folder: Path) -> None:
    """Removes run.json and the links of an earlier run; what they lead to stays, and so do other files."""
    (folder / FILE_NAME).unlink(missing_ok=True)
    for place in (folder, folder / "stages"):
        for link in [p for p in place.iterdir() if p.is_symlink()] if place.is_dir() else []:
            link.unlink()
    if (folder / "stages").is_dir() and not any((folder / "stages").iterdir()):
        (folder / "stages").rmdir()


def read_journal(folder: Path) -> dict[str, Any]:
    """Raises SourceError with the command to run when nothing was run under this name."""
    if not (folder / FILE_NAME).is_file():
        if (folder / ERROR).is_file():
            raise SourceError(f"{folder}: this run failed; {ERROR} in it says why. Mend that and run it again.")
        raise SourceError(f"{folder}: no run of this name. Start one: rantau run recipes/<name>.yaml")
    data: dict[str, Any] = files.read_json(folder / FILE_NAME)
    return data


def _is_of(link: Path, stage: str) -> bool:
    """Whether a link leads into an artefact of this stage: an earlier run made what this one has not."""
    return link.is_symlink() and link.readlink().parent.parent.name == stage


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    temporary.replace(link)
