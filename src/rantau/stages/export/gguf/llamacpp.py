"""llama.cpp quantises, and answers for the check."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from rantau.errors import ModelError
from rantau.model.llama_binding import binding, heard

CONTEXT_TOKENS = 512
KV_F32, NO_FLASH = 0, 0  # by default llama.cpp rounds keys and values to 16 bits


def quantise(source: Path, target: Path, *, file_type: int, threads: int) -> None:
    """source   a GGUF file of unrounded weights
    Raises   ModelError if llama.cpp refuses it
    """
    llama_cpp = binding()
    asked = llama_cpp.LlamaModelQuantizeParams()
    asked.ftype, asked.nthread = file_type, threads
    with heard(llama_cpp) as lines:
        try:
            llama_cpp.model_quantize(str(source), str(target), asked)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"llama.cpp did not quantise the model ({' '.join(lines) or error}). Take q8_0, which is made "
                "without llama.cpp."
            ) from error


def _sized(llama_cpp: Any) -> Any:
    """The binding's model class with a property that its own get_logits_ith asks for and it lacks (0.2.18)."""

    class Sized(llama_cpp.LlamaModel):  # type: ignore[misc]
        @property
        def n_vocab(self) -> int:
            return int(self.get_vocab().n_vocab)

    return Sized


class Loaded:
    """A GGUF file in llama.cpp, on the processor, keys and values unrounded. Use `with`."""

    def __init__(self, path: Path, *, threads: int) -> None:
        self._path, self._threads = path, threads
        self._binding: Any = None

    def __enter__(self) -> Loaded:
        """Raises   MachineError if llama.cpp is not there; ModelError if it cannot load the file"""
        self._binding = llama_cpp = binding()
        with heard(llama_cpp) as lines:
            try:
                asked = llama_cpp.LlamaModelParams()
                asked.n_gpu_layers = 0
                self._model = _sized(llama_cpp)(str(self._path), asked, verbose=False)
                self._context = llama_cpp.LlamaContext(self._model, self._asked(), verbose=False)
            except (RuntimeError, ValueError, OSError, MemoryError) as error:
                raise ModelError(
                    f"{self._path.name}: llama.cpp cannot load it ({' '.join(lines) or error})."
                ) from error
        self._vocabulary = self._model.get_vocab()
        return self

    def _asked(self) -> Any:
        asked = self._binding.LlamaContextParams()
        asked.n_ctx = asked.n_batch = asked.n_ubatch = CONTEXT_TOKENS
        asked.n_threads = asked.n_threads_batch = self._threads
        asked.type_k = asked.type_v = KV_F32
        asked.flash_attn_type = NO_FLASH
        return asked

    def __exit__(self, *_: object) -> None:
        self._context.close()
        self._model.close()

    def tokens(self, text: str) -> list[int]:
        """Ids of a text, control tokens read as such, nothing put before or after."""
        return list(self._vocabulary.tokenize(text, False, True))

    def logits(self, ids: Sequence[int]) -> Any:
        """(len(ids), vocabulary) float32: what is said to follow each token. At most 512 ids.

        Raises   ModelError if llama.cpp cannot compute them
        """
        self._context.kv_cache_clear()
        return self._next(ids, at=0)

    def greedy(self, ids: Sequence[int], *, max_new_tokens: int, stops: Collection[int]) -> tuple[int, ...]:
        """The most likely tokens that follow, up to the first stop, which is left out."""
        found: list[int] = []
        best = int(self.logits(ids)[-1].argmax())
        while best not in stops and len(found) < max_new_tokens:
            found.append(best)
            best = int(self._next([best], at=len(ids) + len(found) - 1)[0].argmax())
        return tuple(found)

    def _next(self, ids: Sequence[int], *, at: int) -> Any:
        """Logits of further tokens, from place `at` on."""
        import numpy as np

        batch = self._binding.LlamaBatch(n_tokens=len(ids), embd=0, n_seq_max=1, verbose=False)
        try:
            for place, token in enumerate(ids):
                batch.add(token, at + place, [0], True)
            self._context.decode(batch)
            return np.array([self._context.get_logits_ith(i) for i in range(len(ids))], dtype=np.float32)
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"{self._path.name}: llama.cpp cannot compute {len(ids)} tokens ({error})."
            ) from error
        finally:
            batch.close()
