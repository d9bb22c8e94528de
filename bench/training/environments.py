"""Environments of the peers: rantau's own pins would be broken by theirs, so each has its own.

torch comes first and is held fast, so that no package brings a build for an accelerator.
"""

# ruff: noqa: T201

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TORCH = "torch==2.13.0"
OWN = "rantau"  # the interpreter that runs the benchmark
PACKAGES: dict[str, tuple[str, ...]] = {
    "trl": ("trl==1.16.0", "transformers==5.23.0", "peft==0.21.2", "accelerate==1.15.0", "datasets==5.2.0"),
    "llamafactory": ("llamafactory==0.9.5",),
}
# The registry's torchvision and torchaudio are built for CUDA and fail beside a torch without it. Text needs
# neither: transformers does without the one, and LLaMA-Factory imports the other, which does without its
# compiled part.
REMOVED: dict[str, tuple[str, ...]] = {"llamafactory": ("torchvision",)}
WITHOUT_COMPILED: dict[str, tuple[str, ...]] = {"llamafactory": ("torchaudio",)}
MARKER = "packages.json"


def python_of(name: str, scratch: Path) -> Path:
    """The interpreter of an environment; of rantau's, the one that runs this."""
    return Path(sys.executable) if name == OWN else scratch / "env" / name / "bin" / "python"


def is_ready(name: str, scratch: Path) -> bool:
    marker = scratch / "env" / name / MARKER
    return name == OWN or (marker.is_file() and json.loads(marker.read_text())["asked"] == list(PACKAGES[name]))


def make(name: str, scratch: Path) -> None:
    """Makes the environment anew, or keeps it if it has what is asked for.

    Raises   SystemExit if pip fails, or if a build for an accelerator came along
    """
    if is_ready(name, scratch):
        return
    folder, constraints = scratch / "env" / name, scratch / "env" / f"{name}.txt"
    print(f"making {folder}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    constraints.write_text(TORCH + "\n", encoding="utf-8")
    for asked in ((TORCH,), PACKAGES[name]):
        _pip(name, scratch, "install", "-q", "-c", str(constraints), *asked)
    if name in REMOVED:
        _pip(name, scratch, "uninstall", "-q", "-y", *REMOVED[name])
    for package in WITHOUT_COMPILED.get(name, ()):
        for library in folder.glob(f"lib/python*/site-packages/{package}/lib/*.so"):
            library.unlink()
    listed = json.loads(_pip(name, scratch, "list", "--format", "json"))
    found = {entry["name"].lower(): entry["version"] for entry in listed}
    heavy = sorted(n for n in found if n.startswith("nvidia-"))
    if heavy:
        raise SystemExit(f"{folder}: pip brought a torch for an accelerator ({heavy[0]}). See bench/README.md.")
    marker = {"asked": list(PACKAGES[name]), "found": dict(sorted(found.items()))}
    (folder / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")


def _pip(name: str, scratch: Path, *arguments: str) -> str:
    command = [str(python_of(name, scratch)), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout
