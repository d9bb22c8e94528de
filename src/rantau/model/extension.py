"""Whole words put into a byte-level tokenizer, so that nothing else of any text is read otherwise.

A new word is one more entry of the vocabulary, and the BPE model is told to `ignore_merges`: a pre-token (a run
of text that the tokenizer's own split never joins with its neighbours) that is an entry as a whole becomes one
token at once, every other pre-token goes through the merges as before. So words keep their borders, ids of other
text stay, and a new token spans exactly what its sub-tokens spanned.

Neither of the two usual ways has that. An added token is cut out of the text before the split, which moves the
borders beside it: of two line breaks before a word, SmolLM2 reads two tokens, and with the word cut out one. And
merges at the end of the list would also join the same sub-tokens inside other words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PLAIN_CLASS = "PreTrainedTokenizerFast"
"""Classes of single models build their tokenizer anew from vocabulary and merges, and forget ignore_merges."""


def refuse_unfit(tokenizer: PreTrainedTokenizerFast) -> None:
    """Raises ModelError with the reason if words cannot be added exactly; byte-level BPE can take them."""
    reason = why_unfit(tokenizer)
    if reason:
        raise ModelError(
            f"vocabulary.extend: the tokenizer of {tokenizer.name_or_path} {reason}. Words can be added exactly "
            "to byte-level BPE (SmolLM2, Llama 3, Qwen, OLMo). Leave vocabulary out for this base."
        )


def why_unfit(tokenizer: PreTrainedTokenizerFast) -> str | None:
    """Why words cannot be added exactly, as the end of a sentence; None if they can."""
    backend = tokenizer.backend_tokenizer
    spec = json.loads(backend.to_str())
    model = spec["model"]
    if model["type"] != "BPE":
        return f"is {model['type']}, whose other words would be cut anew around each new entry"
    if not _has(spec["pre_tokenizer"], "ByteLevel") or not _has(spec["decoder"], "ByteLevel"):
        return "is BPE over characters (sentencepiece), which does not cut a text into words first"
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix") or model.get("dropout"):
        return "marks the inside or the end of words, or drops merges at random"
    if len(backend.pre_tokenizer.pre_tokenize_str("satu dua")) < 2:
        return "does not cut a text into words before it merges"
    odd = [] if model.get("ignore_merges") else read_otherwise(tokenizer)
    if odd:
        return (
            f"holds {len(odd):,} entries that its own merges never make ({odd[0]!r}), and they would now be read"
        )
    return None


def read_otherwise(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Entries that could be a whole pre-token and that the merges make something else of.

    A byte-level vocabulary that was trained with its merges has none; converted ones may.
    """
    backend = tokenizer.backend_tokenizer
    found = []
    for token, number in backend.get_vocab(with_added_tokens=True).items():
        made = text_of(token) is None or [piece.id for piece in backend.model.tokenize(token)] == [number]
        if not made and _is_pretoken(backend, token):
            found.append(token)
    return sorted(found)


def _is_pretoken(backend: Any, token: str) -> bool:
    """True if some text is split so that the entry is a whole pre-token; tried alone and between neighbours."""
    text = text_of(token) or ""
    around = [text, f"a{text}a", f"a{text}", f"{text}a", f"{text}\n", f"1{text}1", f".{text}."]
    return any(token == piece for t in around for piece, _ in backend.pre_tokenizer.pre_tokenize_str(t))


def _has(part: Any, kind: str) -> bool:
    """True if a part of tokenizer.json is of that type, or a sequence with one."""
    if not isinstance(part, dict):
        return False
    inner = [*part.get("pretokenizers", []), *part.get("decoders", [])]
    return part.get("type") == kind or any(_has(p, kind) for p in inner)


@lru_cache(maxsize=1)
def _bytes_of() -> dict[str, int]:
    """Sign of a byte-level vocabulary -> its byte: printable Latin-1 as it is, the rest from U+0100 on."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(others)}


def text_of(token: str) -> str | None:
    """The text of a byte-level token; None if it is no whole characters."""
    signs = _bytes_of()
    try:
        return bytes(signs[sign] for sign in token).decode()
    except (KeyError, UnicodeDecodeError):
        return None


def first_new_id(tokenizer: PreTrainedTokenizerFast) -> int:
    """The id after the last one that is taken."""
    return 1 + max(map(int, tokenizer.get_vocab().values()))


def save_extended(
    tokenizer: PreTrainedTokenizerFast, words: Sequence[str], folder: Path
) -> PreTrainedTokenizerFast:
    """Writes the tokenizer with these words to `folder`, and returns it as it is read back.

    words   byte-level tokens, none of them in the vocabulary; word i gets the id first_new_id + i
    """
    from tokenizers import Tokenizer

    first = first_new_id(tokenizer)
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = spec["model"]["vocab"]
    assert not set(words) & set(vocabulary) and len(set(words)) == len(words), "each word is new"
    # an added token that is no entry would be numbered anew, after the words
    vocabulary |= {token["content"]: token["id"] for token in spec["added_tokens"]}
    vocabulary |= {word: first + n for n, word in enumerate(words)}
    spec["model"]["ignore_merges"] = True
    tokenizer.save_pretrained(folder)
    whole = Tokenizer.from_str(json.dumps(spec, ensure_ascii=False))
    files.write_text(folder / "tokenizer.json", whole.to_str(pretty=True))
    use_plain_class(folder)
    return read_plain(folder)


def use_plain_class(folder: Path) -> None:
    """Has every loader read tokenizer.json as it stands."""
    config = files.read_json(folder / "tokenizer_config.json")
    files.write_json(folder / "tokenizer_config.json", config | {"tokenizer_class": PLAIN_CLASS})


def read_plain(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a folder exactly as its tokenizer.json says, whatever model it belongs to."""
    from transformers import PreTrainedTokenizerFast

    found: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    return found


def refuse_inexact(
    base: PreTrainedTokenizerFast,
    extended: PreTrainedTokenizerFast,
    texts: Iterable[str],
    pieces: Sequence[Sequence[int]],
) -> int:
    """Encodes texts with both; returns how many.

    pieces   ids that the base makes of each new word
    Raises   ModelError if the extended ids, with each new one written out in its pieces, are not those of the base
    """
    first, n = first_new_id(base), 0
    for text in texts:
        n += 1
        plain = base(text, add_special_tokens=False).input_ids
        ids = extended(text, add_special_tokens=False).input_ids
        if [piece for i in ids for piece in ([i] if i < first else pieces[i - first])] != plain:
            raise ModelError(
                f"vocabulary.extend: with the new words {base.name_or_path} would read other parts of a text "
                f"otherwise ({text[:80]!r}). Leave vocabulary out for this base."
            )
    return n
