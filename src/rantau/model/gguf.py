"""GGUF files: dequantised once into a cached folder of safetensors with the tokenizer beside them.

Weights are stored as float32 up to 1.5 billion parameters, above that as bfloat16. A Q4_1 or Q8_0 value
is a float16 scale times a small integer (plus a float16 offset), which float32 holds and bfloat16 rounds
by up to 2^-9 of its size; for a large model half the disk is worth more than that.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError
from rantau.model.cached import cached_folder, finished, make_once
from rantau.model.complete import check_complete
from rantau.model.quiet import Says, quiet_transformers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LAYOUT = 1  # raise it when the conversion comes out differently
FLOAT32_MAX_PARAMETERS = 1_500_000_000

# tokenizer.ggml.pre, as llama.cpp defines it: splits that transformers 5.23 knows are left to it.
DIGITS_FIRST = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}
GPT2_SPLIT = {"default", "gpt-2", "gpt2", "phi-2", "olmo", "mpt", "jais", "trillion"}


def sha256_of(path: Path) -> str:
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    return files.sha256_file(path)


def convert(path: Path, sha256: str, progress: Says | None) -> Path:
    """The cached folder for a .gguf file, built now if it is missing or damaged.

    sha256   hash of the file, which names the folder
    Raises   ModelError if the file is not a GGUF that transformers can read exactly
    """
    return make_once(sha256, LAYOUT, path.name, partial(_build, path, progress))


def converted(sha256: str) -> Path | None:
    """The finished folder of that .gguf, or None if it is missing or any file differs from its record."""
    return finished(sha256, LAYOUT)


def _build(path: Path, progress: Says | None, folder: Path) -> None:
    if progress is not None:
        progress.say(f"Dequantising {path.name} once into {cached_folder(sha256_of(path))}")
    with _one_reader(), progress.bar("dequantise", 100) if progress else nullcontext() as bar:
        advance = bar.advance if bar else lambda by: None
        with _reading(path):
            _read(path)
        advance(20)  # per cent of the time for SmolLM2-135M, measured
        write_tokenizer(path, folder)
        advance(25)
        write_weights(path, folder)
        advance(55)


@contextmanager
def _one_reader() -> Iterator[None]:
    """transformers and we read the header four times, 3 s each for 49,152 tokens; here they share one reading."""
    import gguf

    original = gguf.GGUFReader
    gguf.GGUFReader = lru_cache(original)
    try:
        yield
    finally:
        gguf.GGUFReader = original


def write_weights(path: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    with _reading(path), redirect_stderr(io.StringIO()):  # a bar of its own, which no setting turns off
        model, info = AutoModelForCausalLM.from_pretrained(
            path.parent,
            gguf_file=path.name,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
        )
    check_complete(info, str(path))
    if sum(p.numel() for p in model.parameters()) > FLOAT32_MAX_PARAMETERS:
        model = model.to(torch.bfloat16)
    # Else save_pretrained writes the config of a GGUF that is no longer there.
    model.hf_quantizer = None
    del model.config.quantization_config
    model.save_pretrained(folder)


def write_tokenizer(path: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    with _reading(path):
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name, local_files_only=True)
        kind, split = _tokenizer_kind(path)
    if not mend_split(tokenizer, kind, split):
        raise ModelError(
            f"{path}: its tokenizer splits text by {split!r}, which is not known here; the model would read "
            "text cut as it never was in training. Use the model's safetensors instead."
        )
    tokenizer.save_pretrained(folder)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    quiet_transformers()
    try:
        yield
    except ImportError as error:
        raise ModelError(f"{path}: reading GGUF needs another package ({error}). Run: pip install gguf") from error
    except Exception as error:  # a damaged file makes the foreign reader raise anything
        raise ModelError(
            f"{path}: cannot be read as GGUF: {str(error).rstrip('.')}. "
            "Copy it again, or use the model's safetensors."
        ) from error


def _read(path: Path) -> Any:
    from gguf import GGUFReader

    return GGUFReader(str(path))


def _tokenizer_kind(path: Path) -> tuple[str, str]:
    """tokenizer.ggml.model and tokenizer.ggml.pre of the file ("default" if it says nothing)."""
    fields = _read(path).fields
    model, pre = (fields.get(f"tokenizer.ggml.{key}") for key in ("model", "pre"))
    return (str(model.contents()) if model else "", str(pre.contents()) if pre else "default")


def mend_split(tokenizer: PreTrainedTokenizerFast, kind: str, split: str) -> bool:
    """Makes the tokenizer cut text before BPE as `split` (tokenizer.ggml.pre) says; False if that is unknown.

    transformers takes GPT-2's split for every name that it does not know, but SmolLM2 was trained with each
    digit apart.
    """
    from tokenizers import pre_tokenizers

    if kind != "gpt2" or split in GPT2_SPLIT or split in _known_to_transformers():
        return True
    if split not in DIGITS_FIRST:
        return False
    digits = pre_tokenizers.Digits(individual_digits=True)
    rest = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, rest])
    return True


def _known_to_transformers() -> frozenset[str]:
    """Splits that it applies itself; none in releases that have no such table, and then they are refused."""
    try:
        from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
    except ImportError:
        return frozenset()
    return frozenset(GGUF_PRE_TOKENIZER_SPLITS)
