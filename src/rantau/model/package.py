"""Files that a Python package ships, found without importing the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from rantau.errors import SourceError

PREFIX = "package:"


def find_packaged(base: str) -> Path:
    """The file or folder that "package:<module>/<path inside it>" names.

    Raises   SourceError if the string is not of that form, the package is missing, or it has no such file
    """
    module, slash, inside = base.removeprefix(PREFIX).partition("/")
    if not (module.isidentifier() and slash and inside):
        raise SourceError(f"{base}: a packaged file is written package:<module>/<file inside it>.")
    folder = _package_folder(module, base)
    path = (folder / inside).resolve()
    if not path.is_relative_to(folder) or not path.exists():
        shipped = sorted(p.name for p in folder.iterdir() if p.suffix in (".gguf", ".safetensors"))
        raise SourceError(
            f"{base}: the package {module} has no file {inside}. It ships: {', '.join(shipped) or 'no weights'}."
        )
    return path


def _package_folder(module: str, base: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            f"{base}: the package {module} is not installed. "
            f"Install it without its dependencies: pip install --no-deps {module.replace('_', '-')}"
        )
    return Path(next(iter(spec.submodule_search_locations))).resolve()
