"""A merged model's folder as GGUF files, each whole or not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.model.llama_binding import INSTALL
from rantau.run.progress import Progress
from rantau.stages.export.agreement import Agreement, expected_of
from rantau.stages.export.folders import whole_folder
from rantau.stages.export.gguf import llamacpp
from rantau.stages.export.gguf.architecture import add_sizes, architecture_of
from rantau.stages.export.gguf.check import check_gguf
from rantau.stages.export.gguf.kinds import KINDS, check_kinds, llama_cpp_installed
from rantau.stages.export.gguf.modelfile import render_modelfile
from rantau.stages.export.gguf.tensors import EMBEDDING, Tensor, arrays, read_config, tensors_of
from rantau.stages.export.gguf.vocabulary import add_vocabulary, read_stop_ids
from rantau.stages.export.merged import PROMPTS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

AGREEMENT = "agreement.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What GGUF files are made of and for.

    merged     folder of the merged model: config, safetensors, tokenizer
    name       of the run: names the files and stands in their head
    kinds      see kinds.KINDS; the first one is the Modelfile's
    tokenizer  the one in `merged`
    system     system prompt of the recipe, for the Modelfile
    threads    of llama.cpp while it quantises
    """

    merged: Path
    name: str
    kinds: Sequence[str]
    tokenizer: PreTrainedTokenizerFast
    system: str | None = None
    threads: int = 1


def write_gguf_folder(folder: Path, wanted: Wanted, progress: Progress) -> list[Agreement]:
    """Writes `folder` with <name>-<kind>.gguf of each kind, a Modelfile for Ollama, and agreement.json.

    Where llama.cpp is installed, it reads each file and is held against the merged model; else the list is empty.
    Raises   MachineError if a kind needs llama.cpp and it is not there; ModelError if llama.cpp would not
             understand the model, or says something else
    """
    check_kinds(wanted.kinds)
    with whole_folder(folder) as building:
        names = {kind: f"{wanted.name}-{kind}.gguf" for kind in wanted.kinds}
        for kind, name in names.items():
            write_gguf(building / name, wanted, kind, progress)
        stops = wanted.tokenizer.convert_ids_to_tokens(stop_ids_of(wanted))
        modelfile = render_modelfile(list(names.values()), wanted.tokenizer, stops=stops, system=wanted.system)
        files.write_text(building / "Modelfile", modelfile)
        found = _check(building, names, wanted, progress)
        files.write_json(building / AGREEMENT, [asdict(a) for a in found])
    return found


def _check(folder: Path, names: Mapping[str, str], wanted: Wanted, progress: Progress) -> list[Agreement]:
    if not llama_cpp_installed():
        progress.say(f"export: the GGUF files are not checked: llama.cpp is not installed. Run: {INSTALL}")
        return []
    expected = expected_of(wanted.merged, wanted.tokenizer, PROMPTS, progress)
    return [
        check_gguf(folder / name, kind, expected, progress, threads=wanted.threads) for kind, name in names.items()
    ]


def write_gguf(path: Path, wanted: Wanted, kind: str, progress: Progress) -> None:
    """One GGUF file; the bytes depend on the merged model, its name and the kind only."""
    chosen = KINDS[kind]
    with files.atomic(path) as temporary:
        if chosen.tensor is not None:
            _write(temporary, wanted, chosen.tensor, chosen.file_type, progress, title=f"export: write {kind}")
            return
        with _beside(temporary) as whole:
            _write(whole, wanted, None, 0, progress, title=f"export: weights for {kind}")
            progress.say(f"export: llama.cpp quantises to {kind}")
            llamacpp.quantise(whole, temporary, file_type=chosen.file_type, threads=wanted.threads)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    whole = path.with_name(f"{path.name}.whole")
    try:
        yield whole
    finally:
        whole.unlink(missing_ok=True)


def _write(
    path: Path, wanted: Wanted, matrices: str | None, file_type: int, progress: Progress, *, title: str
) -> None:
    """matrices   type of the matrices, None = as they are stored: nothing is rounded before llama.cpp does it"""
    from gguf import GGUFWriter

    config = read_config(wanted.merged)
    tensors = tensors_of(wanted.merged, config, matrices)
    writer = GGUFWriter(path, architecture_of(config).name)
    try:
        _add_head(writer, wanted, file_type)
        rows = next(t.shape[0] for t in tensors if t.name == EMBEDDING)
        add_sizes(writer, config, n_tokens=rows)
        add_vocabulary(writer, wanted.tokenizer, n_rows=rows, stop_ids=stop_ids_of(wanted))
        _add_tensors(writer, tensors)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        with progress.bar(title, sum(t.n_bytes for t in tensors)) as bar:
            for tensor, array in zip(tensors, arrays(tensors, config), strict=True):
                writer.write_tensor_data(array)
                bar.advance(tensor.n_bytes)
    finally:
        writer.close()


def _add_head(writer: Any, wanted: Wanted, file_type: int) -> None:
    from gguf import GGML_QUANT_VERSION

    writer.add_type("model")
    writer.add_name(wanted.name)
    writer.add_file_type(file_type)
    writer.add_quantization_version(GGML_QUANT_VERSION)


def _add_tensors(writer: Any, tensors: Sequence[Tensor]) -> None:
    import numpy as np
    from gguf import GGMLQuantizationType

    for tensor in tensors:
        writer.add_tensor_info(
            tensor.name, tensor.shape, np.dtype(np.float32), tensor.n_bytes,
            raw_dtype=GGMLQuantizationType[tensor.type],
        )  # fmt: skip


def stop_ids_of(wanted: Wanted) -> list[int]:
    """Ids that end an answer: those that the merged model's generation config names, else eos."""
    eos = wanted.tokenizer.eos_token_id
    return list(read_stop_ids(wanted.merged)) or ([eos] if eos is not None else [])
