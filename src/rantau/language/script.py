"""The script that a letter belongs to, by Unicode range, and the share of a text's letters in a script."""

from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from rantau.errors import RecipeError

# Ends included. Only letters are looked up, so a range may span signs and marks of any script. A test
# compares every letter of Unicode 14 with the Script property.
SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "Latn": (
        (0x0041, 0x00AA), (0x00BA, 0x02B8), (0x02E0, 0x02E4), (0x1D00, 0x1D25), (0x1D2C, 0x1D5C),
        (0x1D62, 0x1D65), (0x1D6B, 0x1D77), (0x1D79, 0x1DBE), (0x1E00, 0x1EFF), (0x2071, 0x209C),
        (0x212A, 0x212B), (0x2132, 0x2132), (0x214E, 0x2184), (0x2C60, 0x2C7F), (0xA722, 0xA787),
        (0xA78B, 0xA7FF), (0xAB30, 0xAB64), (0xAB66, 0xAB69), (0xFB00, 0xFB06), (0xFF21, 0xFF5A),
        (0x10780, 0x107BA), (0x1DF00, 0x1DF1E),
    ),
    "Hang": ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97C), (0xAC00, 0xD7FB), (0xFFA0, 0xFFDC)),
    "Hani": (
        (0x3005, 0x3005), (0x303B, 0x303B), (0x3400, 0x9FFF), (0xF900, 0xFAD9), (0x16FE3, 0x16FE3),
        (0x20000, 0x3134A),
    ),
    "Hira": ((0x3041, 0x309F), (0x1B001, 0x1B11F), (0x1B150, 0x1B152)),
    "Kana": (
        (0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF6F), (0xFF71, 0xFF9D),
        (0x1AFF0, 0x1B000), (0x1B120, 0x1B122), (0x1B164, 0x1B167),
    ),
    "Java": ((0xA984, 0xA9B2),),
    "Sund": ((0x1B83, 0x1BBF),),
    "Arab": (
        (0x0620, 0x063F), (0x0641, 0x06FF), (0x0750, 0x077F), (0x0870, 0x08C9), (0xFB50, 0xFEFC),
        (0x1EE00, 0x1EEBB),
    ),
    "Cyrl": ((0x0400, 0x052F), (0x1C80, 0x1C88), (0x1D2B, 0x1D2B), (0x1D78, 0x1D78), (0xA640, 0xA69D)),
    "Deva": ((0x0904, 0x097F), (0xA8F2, 0xA8FE)),
    "Thai": ((0x0E01, 0x0E46),),
}  # fmt: skip


@lru_cache(maxsize=65536)
def script_of(letter: str) -> str | None:
    """The ISO 15924 code of one letter's script; None for a script outside SCRIPTS and for a non-letter."""
    if not letter.isalpha():
        return None
    point = ord(letter)
    for script, ranges in SCRIPTS.items():
        if any(low <= point <= high for low, high in ranges):
            return script
    return None


def script_counts(text: str) -> dict[str | None, int]:
    """Letters of a text by script, the most frequent first; None counts the letters outside SCRIPTS."""
    counts: Counter[str | None] = Counter()
    for char, n in Counter(text).items():  # a document has few distinct characters: 12 times faster
        if char.isalpha():
            counts[script_of(char)] += n
    return dict(counts.most_common())


def script_share(text: str, scripts: Collection[str]) -> float:
    """Share of the letters that belong to the given scripts.

    scripts  ISO 15924 codes, such as a profile's scripts
    Returns  0..1; digits, punctuation, marks and emoji do not count; 0.0 when there is no letter
    Raises   RecipeError for a script outside SCRIPTS
    """
    unknown = sorted(set(scripts) - SCRIPTS.keys())
    if unknown:
        raise RecipeError(f"script {unknown[0]!r} is unknown. Known: {', '.join(sorted(SCRIPTS))}.")
    counts = script_counts(text)
    n_letters = sum(counts.values())
    return sum(counts.get(script, 0) for script in set(scripts)) / n_letters if n_letters else 0.0
