"""The store of artefacts: store/<stage>/<key>/, unfinished ones end in .part; one writer at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import StoreError
from rantau.recipe import CorpusRecipe
from rantau.run.manifest import FILE_NAME, Manifest, list_files
from rantau.run.progress import Progress
from rantau.run.stage import Stage, fields_of_all, slice_value

LOCK_WAIT_S = 3600.0


class Store:
    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, stage: Stage, key: str) -> Path:
        return self.root / stage.name / key[:16]

    def part(self, stage: Stage, key: str) -> Path:
        return self.root / stage.name / f"{key[:16]}.part"

    def finished(self, stage: Stage, key: str) -> bool:
        return (self.folder(stage, key) / FILE_NAME).is_file()

    def finish(self, part: Path, folder: Path, manifest: Manifest) -> None:
        """The manifest is written last, then the folder takes its name: a kill leaves no false artefact."""
        manifest.write(part)
        with files.disk_errors(folder):
            part.replace(folder)

    def clean_part(self, part: Path, scratch: Sequence[str]) -> None:
        for name in scratch:
            shutil.rmtree(part / name, ignore_errors=True)
        for leftover in part.rglob(".*.tmp"):
            leftover.unlink(missing_ok=True)

    def nearest(self, stage: Stage, asked: Mapping[str, Any]) -> Manifest | None:
        """The finished artefact of this stage that differs in the fewest fields; None if there is none."""
        found = [Manifest.read(p.parent) for p in sorted(self.root.glob(f"{stage.name}/*/{FILE_NAME}")) if p.parent.suffix != ".part"]  # fmt: skip  # noqa: E501
        return min(found, key=lambda m: (len(differences(m.asked_for, asked)), m.key), default=None)

    @contextmanager
    def lock(self, progress: Progress, *, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
        """One run writes at a time; a second one says who holds the store and waits for it.

        Raises   StoreError when the other run is not done after `wait_s` seconds
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a+", encoding="utf-8") as handle:
            start = time.monotonic()
            told = False
            while not _try_lock(handle.fileno()):
                handle.seek(0)
                holder = handle.read().strip() or "another run"
                if time.monotonic() - start >= wait_s:
                    raise StoreError(
                        f"{self.root}: still locked by {holder}. Wait for it, or use another --store."
                    )
                if not told:
                    progress.say(f"waiting: the store {self.root} is used by {holder}")
                    told = True
                time.sleep(0.2)
            handle.seek(0)
            handle.truncate()
            handle.write(f"process {os.getpid()} on {socket.gethostname()}")
            handle.flush()
            yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def asked_for(stage: Stage, recipe: CorpusRecipe, folder: Path, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What the key is made of: stage, version, declared slices, fingerprints, keys of needs. Never the machine."""
    values = {path: _plain(slice_value(recipe, path)) for path in stage.slices if ".*." not in path}
    for head in {path.partition(".*.")[0] for path in stage.slices if ".*." in path}:
        fields = fields_of_all(stage.slices, head)
        values[head] = [{f: _plain(getattr(e, f)) for f in fields} for e in getattr(recipe, head)]
    outside = dict(stage.fingerprint(recipe, folder)) if stage.fingerprint else {}
    return {
        "stage": stage.name, "version": stage.version, "recipe": values, "outside": outside,
        "inputs": dict(inputs),
    }  # fmt: skip


def key_of(asked: Mapping[str, Any]) -> str:
    return files.sha256_text(files.canonical_json(asked))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if not hasattr(value, "model_dump"):
        return value
    return value.model_dump(mode="json", by_alias=True, exclude=set(getattr(value, "unasked", ())))


def differences(before: Any, after: Any, at: str = "") -> list[str]:
    """The fields in which two plain values differ, as lines `path old -> new`."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = sorted(set(before) | set(after))
        parts = (differences(before.get(k), after.get(k), f"{at}.{k}" if at else str(k)) for k in keys)
        return [line for part in parts for line in part]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        parts = (differences(b, a, f"{at}.{_element(b, i)}") for i, (b, a) in pairs)
        return [line for part in parts for line in part]
    return [] if before == after else [f"{at} {_short(before)} -> {_short(after)}"]


def _element(value: Any, position: int) -> str:
    return str(value["name"]) if isinstance(value, Mapping) and "name" in value else str(position)


def _short(value: Any) -> str:
    """In at most 60 characters; a list of named parts by their names."""
    if isinstance(value, list) and value and all(isinstance(v, Mapping) and "name" in v for v in value):
        value = f"[{', '.join(str(v['name']) for v in value)}]"
    text = "nothing" if value is None else value if isinstance(value, str) else files.canonical_json(value)
    return text if len(text) <= 60 else text[:57] + "..."


def write_manifest(
    store: Store, stage: Stage, key: str, asked: Mapping[str, Any], summary: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> Manifest:  # fmt: skip
    """Lists the finished part, writes its manifest and gives the folder its name."""
    from rantau.run.manifest import digest_of

    part = store.part(stage, key)
    store.clean_part(part, stage.scratch)
    listing = list_files(part, stage.volatile)
    manifest = Manifest(
        stage=stage.name, version=stage.version, key=key, asked_for=asked, inputs=asked["inputs"],
        files=listing, digest=digest_of(listing), summary=summary, provenance=provenance,
    )  # fmt: skip
    store.finish(part, store.folder(stage, key), manifest)
    return manifest
