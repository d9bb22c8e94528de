"""Where a source string points: files on disk, files inside a package, or a data set of a hub."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rantau import files
from rantau.errors import SourceError

KINDS = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".txt", ".yml", ".yaml", ".py")
ROW_KINDS = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".txt")


@dataclass(frozen=True, slots=True)
class Place:
    """Files in reading order, each with the origin that its documents will name."""

    files: tuple[tuple[str, Path], ...]

    def fingerprint(self) -> str:
        return files.sha256_text(files.canonical_json([(o, files.sha256_file(p)) for o, p in self.files]))


def is_hub(path: str) -> bool:
    return path.startswith("hub:")


def find_place(path: str, folder: Path, *, shape: str) -> Place:
    """Files of a source string; relative paths start at `folder`, the recipe's.

    Raises   SourceError if nothing is there, naming what to do
    """
    found = _in_package(path) if path.startswith("package:") else folder / Path(path).expanduser()
    if not found.exists():
        raise SourceError(f"{path}: no such file or folder ({found}).{_near(found)}")
    if found.is_file():
        if found.suffix.lower() not in KINDS and shape != "tagged_words":
            raise SourceError(
                f"{path}: unknown kind {found.suffix or 'without suffix'}. Known: {', '.join(KINDS)}."
            )
        if found.stat().st_size == 0:
            raise SourceError(f"{path}: the file is empty.")
        return Place(((path, found),))
    return _folder(path, found, shape)


def _folder(path: str, found: Path, shape: str) -> Place:
    kinds = (".yml", ".yaml") if shape == "chatterbot" else ROW_KINDS
    inside = [p for p in files.files_below(found) if p.suffix.lower() in kinds and not _hidden(p, found)]
    if not inside:
        raise SourceError(f"{path}: the folder holds no file of a known kind ({', '.join(kinds)}).")
    for p in inside:
        if p.stat().st_size == 0:
            raise SourceError(f"{path}/{p.relative_to(found).as_posix()}: the file is empty.")
    base = path.rstrip("/")
    return Place(tuple((f"{base}/{p.relative_to(found).as_posix()}", p) for p in inside))


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _in_package(path: str) -> Path:
    """A file that an installed package ships, found without importing the package."""
    module, _, inside = path.removeprefix("package:").partition("/")
    if not module.isidentifier() or not inside:
        raise SourceError(
            f"{path}: write package:<module>/<path inside it>, for example package:nlp_id/data/x.txt."
        )
    spec = find_spec(module)
    if spec is None or not (spec.submodule_search_locations or spec.origin):
        raise SourceError(
            f"{path}: the package {module} is not installed. Run: pip install --no-deps {module.replace('_', '-')}"
        )
    roots = list(spec.submodule_search_locations or [str(Path(spec.origin or "").parent)])
    return next((p for p in (Path(r) / inside for r in roots) if p.exists()), Path(roots[0]) / inside)


def _near(missing: Path) -> str:
    if not missing.parent.is_dir():
        return " Check the path; relative paths start at the recipe's folder."
    names = sorted(p.name for p in missing.parent.iterdir())
    near = difflib.get_close_matches(missing.name, names, n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else " Check the path; relative paths start at the recipe's folder."
