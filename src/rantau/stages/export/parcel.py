"""Forms of a finished run as folders: those that it has, and those made now of its merged model."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rantau.errors import MachineError, SourceError
from rantau.run.progress import Progress
from rantau.stages.export.archive import check_zip, write_zip
from rantau.stages.export.folders import whole_folder


@dataclass(frozen=True, slots=True)
class Forms:
    """names: of bundle, merged, gguf, ctranslate2; kinds: of GGUF file."""

    names: tuple[str, ...]
    kinds: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        return "-".join(self.names)


@contextmanager
def parcel(run: Path, forms: Forms, progress: Progress, *, target: Path | None) -> Iterator[dict[str, Path]]:
    """A folder for each form; what was made now is gone afterwards. Nothing is made if a form cannot be had.

    target   what is made is made beside it, on its disk; None = in the folder of temporary files
    Raises   SourceError if the run lacks what others are made of; MachineError if the disk is full
    """
    there = {name: _there(run, name, forms.kinds) for name in forms.names}
    with ExitStack() as stack:
        if None in there.values():
            with room_named(target):
                if target is not None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                work = tempfile.TemporaryDirectory(
                    prefix=".rantau-export-", dir=target.parent if target is not None else None
                )
                folder = Path(stack.enter_context(work))
                made = {name: folder / f"{run.name}-{name}" for name, found in there.items() if found is None}
                for name, place in made.items():
                    _make(place, run, name, forms.kinds, progress)
        yield {name: found or made[name] for name, found in there.items()}


def _there(run: Path, name: str, kinds: tuple[str, ...]) -> Path | None:
    """The run's folder if it holds just what is asked for; None if it can be made of the merged model."""
    exported = run / "stages" / "export"
    found = exported / name
    complete = found.is_dir()
    if name == "gguf" and complete:
        complete = {path.name for path in found.glob("*.gguf")} == {f"{run.name}-{kind}.gguf" for kind in kinds}
    if complete:
        return found.resolve()
    if name == "bundle":
        raise SourceError(f"{exported}: the run has no bundle. Finish it first: rantau run RECIPE")
    if not (exported / "merged").is_dir():
        raise SourceError(
            f"{exported}: the run has no merged model. Set export.merged: true in the recipe and run it again; "
            "finished stages are kept."
        )
    return None


def _make(folder: Path, run: Path, name: str, kinds: tuple[str, ...], progress: Progress) -> None:
    from rantau.machine import detect
    from rantau.run.journal import read_journal
    from rantau.stages.export.formats import write_ctranslate2, write_gguf

    merged, threads = (run / "stages" / "export" / "merged").resolve(), detect("cpu").threads
    if name == "ctranslate2":
        write_ctranslate2(folder, merged, threads=threads, progress=progress)
        return
    system = read_journal(run)["recipe"].get("formatting", {}).get("system_prompt")
    write_gguf(folder, merged, kinds, name=run.name, system=system, threads=threads, progress=progress)


def deliver(parts: Mapping[str, Path], target: Path) -> None:
    """Raises   MachineError if the disk is full or the place cannot be written"""
    with room_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_parts(parts, target)


def write_parts(parts: Mapping[str, Path], target: Path) -> None:
    """Writes a folder, or a .zip file that is read back; several forms lie in a folder each."""
    one = len(parts) == 1
    if target.suffix == ".zip":
        write_zip({target.stem if one else f"{target.stem}/{name}": p for name, p in parts.items()}, target)
        check_zip(target)
        return
    with whole_folder(target) as building:
        for name, folder in parts.items():
            shutil.copytree(folder, building if one else building / name, dirs_exist_ok=True)


@contextmanager
def room_named(target: Path | None) -> Iterator[None]:
    """A disk that is full or not ours to write, told as the place that the user can change."""
    where, roomy = (
        (tempfile.gettempdir(), "Set TMPDIR to a folder with room, or give --to")
        if target is None
        else (f"--to {target}", "Name a place on another disk")
    )
    try:
        yield
    except shutil.Error as error:  # copytree's list of (from, to, why)
        raise MachineError(f"{where}: cannot be written ({error.args[0][0][2]}). Name another place.") from error
    except OSError as error:
        raise MachineError(
            f"{where}: cannot be written ({error.strerror or error}). Name another place."
        ) from error
    except MachineError as error:
        if "the disk is full" not in str(error):
            raise
        raise MachineError(f"{where}: the disk is full. Nothing was left there. {roomy}.") from error
