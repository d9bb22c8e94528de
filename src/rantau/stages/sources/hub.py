"""Data sets of the Hugging Face hub, or saved ones on disk, through the optional `datasets` package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol, cast

from rantau import files
from rantau.errors import SourceError
from rantau.recipe import Source
from rantau.stages.sources.rows import Row


class _Table(Protocol):
    def __iter__(self) -> Iterator[Mapping[str, object]]: ...


def hub_fingerprint(source: Source, folder: Path) -> str:
    """Revision of a hub data set, content hash of a saved one; an unpinned revision says so."""
    local = _local(source, folder)
    return files.sha256_folder(local) if local else f"{_id(source)}@{source.revision or 'unpinned'}#{source.split}"


def read_hub(source: Source, folder: Path) -> Iterator[Row]:
    """Rows of one split.

    Raises   SourceError if `datasets` is missing, the hub is out of reach, or the data set is not there
    """
    for number, values in enumerate(_load(source, _local(source, folder)), start=1):
        yield Row(source.path, source.path, number, number, values)


def _load(source: Source, local: Path | None) -> _Table:
    try:
        import datasets
    except ImportError as error:
        raise SourceError(
            f"{source.path}: reading hub data sets needs the package datasets. Run: pip install 'rantau[hub]'"
        ) from error
    datasets.disable_progress_bars()
    try:
        if local is None:
            return cast(_Table, datasets.load_dataset(_id(source), revision=source.revision, split=source.split))
        if (local / "dataset_dict.json").exists():
            return cast(_Table, datasets.load_from_disk(str(local))[source.split])
        if (local / "state.json").exists():
            return cast(_Table, datasets.load_from_disk(str(local)))
        return cast(_Table, datasets.load_dataset(str(local), split=source.split))
    except Exception as error:  # the clients raise a dozen unrelated types, all meaning "cannot be had"
        raise SourceError(_explain(source, local, error)) from error


def _explain(source: Source, local: Path | None, error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0][:200]
    if local is None and isinstance(error, ConnectionError):
        return (
            f"{source.path}: the hub is out of reach ({first}). Go online, or download the data set elsewhere "
            "and name its folder: path: hub:/path/to/folder"
        )
    return (
        f"{source.path}: cannot load split {source.split!r}"
        f"{f' of revision {source.revision}' if source.revision else ''} ({type(error).__name__}: {first}). "
        "Check the id, revision and split."
    )


def _id(source: Source) -> str:
    return source.path.removeprefix("hub:")


def _local(source: Source, folder: Path) -> Path | None:
    """A folder on disk; ids of the hub have at most one slash and no leading dot or slash."""
    name = _id(source)
    local = folder / Path(name).expanduser()
    if local.is_dir():
        return local
    if name.startswith((".", "/", "~")):
        raise SourceError(f"{source.path}: no such folder ({local}). Check the path.")
    return None
