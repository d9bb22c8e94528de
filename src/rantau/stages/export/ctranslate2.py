"""The merged model for CTranslate2: int8 weights, the tokenizer beside them, and what it says with them."""

from __future__ import annotations

import importlib.util
import shutil
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import MachineError, ModelError
from rantau.model.quiet import quiet_transformers
from rantau.run.progress import Progress
from rantau.stages.export.agreement import Agreement, compare, expected_of, refuse_wrong
from rantau.stages.export.folders import whole_folder
from rantau.stages.export.merged import PROMPTS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

INSTALL = "pip install 'rantau[ctranslate2]'"
QUANTISATION, LEAST_AGREEMENT = "int8", 0.5
TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
    "generation_config.json",
)  # fmt: skip


def check_installed() -> None:
    """Raises   MachineError if the package is missing"""
    if importlib.util.find_spec("ctranslate2") is None:
        raise MachineError(f"export.ctranslate2 needs a package that is not installed. Run: {INSTALL}")


def check_architecture(config: Mapping[str, Any]) -> None:
    """config   contents of config.json
    Raises   ModelError if the converter does not know the architecture, or computes it otherwise: with Llama 3's
             rotary positions logits of a float32 conversion moved by 1.0 of 7 (4.8.5; 5e-6 without)
    """
    from ctranslate2.converters.transformers import _MODEL_LOADERS

    name = f"{(config.get('architectures') or ['unknown'])[0].removesuffix('ForCausalLM')}Config"
    if name not in _MODEL_LOADERS:
        raise ModelError(
            f"CTranslate2 has no converter for {name.removesuffix('Config')}. Set export.ctranslate2: false; "
            "export.gguf may know it."
        )
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", rope.get("type")) == "llama3":
        raise ModelError(
            "CTranslate2 does not stretch rotary positions as Llama 3.1 and later do: it would say something else "
            "than the model. Set export.ctranslate2: false; export.gguf does it right."
        )


def write_ctranslate2(
    folder: Path, merged: Path, tokenizer: PreTrainedTokenizerFast, *, threads: int, progress: Progress
) -> Agreement:
    """Writes `folder` from the merged model's, with agreement.json; `ctranslate2.Generator(folder)` loads it.

    Raises   MachineError, ModelError as above; ModelError if the converter fails, or what it wrote says something
             else than the merged model
    """
    check_installed()
    check_architecture(files.read_json(merged / "config.json"))
    quiet_transformers()
    with whole_folder(folder) as building:
        _convert(merged, building)
        for name in TOKENIZER_FILES:
            if (merged / name).is_file():
                shutil.copyfile(merged / name, building / name)
        expected = expected_of(merged, tokenizer, PROMPTS, progress)
        loaded = Loaded(building, tokenizer, threads=threads)
        found = compare(loaded, QUANTISATION, expected, progress, "export: ask CTranslate2")
        refuse_wrong(
            "ctranslate2", "CTranslate2", found, least=LEAST_AGREEMENT, instead="Set export.ctranslate2: false."
        )
        files.write_json(building / "agreement.json", asdict(found))
    return found


def _convert(merged: Path, folder: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    try:
        with _converter_is_behind():
            TransformersConverter(str(merged)).convert(str(folder), quantization=QUANTISATION, force=True)
    except (ValueError, TypeError, AttributeError, KeyError, NotImplementedError) as error:
        raise ModelError(
            f"CTranslate2 cannot convert the merged model: {type(error).__name__}: {error}. Set "
            "export.ctranslate2: false."
        ) from error


class Loaded:
    """A converted model on the processor; it is asked by the texts of tokens, as programs ask it."""

    def __init__(self, folder: Path, tokenizer: PreTrainedTokenizerFast, *, threads: int) -> None:
        from ctranslate2 import Generator

        self._tokenizer = tokenizer
        self._generator = Generator(str(folder), device="cpu", intra_threads=threads)

    def tokens(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def logits(self, ids: Sequence[int]) -> Any:
        import numpy as np

        return np.array(self._generator.forward_batch([self._texts(ids)]))[0]

    def greedy(self, ids: Sequence[int], *, max_new_tokens: int, stops: Collection[int]) -> tuple[int, ...]:
        (answer,) = self._generator.generate_batch(
            [self._texts(ids)], max_length=max_new_tokens, sampling_topk=1, include_prompt_in_result=False,
            end_token=sorted(stops) or None,
        )  # fmt: skip
        return tuple(answer.sequences_ids[0])

    def _texts(self, ids: Sequence[int]) -> list[str]:
        return list(self._tokenizer.convert_ids_to_tokens(list(ids)))


@contextmanager
def _converter_is_behind() -> Iterator[None]:
    """The converter calls transformers by names that are going away; its warnings are not for our readers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
