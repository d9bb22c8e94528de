"""Machine-made copies inside a tagged corpus, found by comparing its sentences with one another.

The corpus of nlp-id 0.1.23 holds, for most sentences, copies in which one verb is replaced by its stem + "i":
"akan melakukan penyelidikan" comes again as "akan lakui penyelidikan". 16,480 of its 32,780 sentences are such
copies and all but 180 of them have their original in the same file (measured 2026-11-21). "lakui" is no Indonesian
word, and a copy beside its original would put nearly the same sentence on both sides of a split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

Token = tuple[str, str]
CLITICS = frozenset({"nya", "ku", "mu"})
VERB = "VB"
LEAST_SHARE = 0.5


def find_copies(sentences: Sequence[Sequence[Token]]) -> set[int]:
    """Positions of sentences that are copies with a reduced verb, with or without their original in the file."""
    masked = [_masked(s) for s in sentences]
    buckets: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, (frame, _) in enumerate(masked):
        buckets[frame].append(i)
    reduced: dict[int, set[str]] = {}
    for members in buckets.values():
        for i, words in _reduced_verbs([(i, masked[i][1]) for i in members]).items():
            reduced.setdefault(i, set()).update(words)
    broken = _broken_words(sentences, reduced)
    alone = {i for i, s in enumerate(sentences) if any(t.upper() == VERB and w.lower() in broken for w, t in s)}
    return reduced.keys() | alone


def _masked(tokens: Sequence[Token]) -> tuple[tuple[str, ...], list[str]]:
    """The sentence with its verbs, and its nouns with a clitic, taken out; and what was taken out, in order.

    Words in ber- are not always tagged as verbs (bersama, beragam) but are reduced like them.
    """
    frame: list[str] = []
    filled: list[str] = []
    for n, (word, tag) in enumerate(tokens):
        following = tokens[n + 1][0] if n + 1 < len(tokens) else ""
        if word in CLITICS and frame and frame[-1] == "_":
            filled[-1] += f" {word}"
        elif tag.upper() == VERB or word.startswith("ber") or (following in CLITICS and word[-1:].isalpha()):
            frame.append("_")
            filled.append(word.lower())
        else:
            frame.append(word.lower())
    return tuple(frame), filled


def _reduced_verbs(members: Sequence[tuple[int, list[str]]]) -> dict[int, set[str]]:
    """Among sentences with one frame: which hold a reduced form of what another has in that place."""
    reduced: dict[int, set[str]] = {}
    if len(members) == 1:
        return reduced
    for place in range(len(members[0][1])):
        fillings = {filled[place] for _, filled in members}
        if len(fillings) > 1:
            for i, filled in members:
                word = filled[place]
                if any(_is_reduced(word, other) for other in fillings if other != word):
                    reduced.setdefault(i, set()).add(word)
    return reduced


def _is_reduced(word: str, other: str) -> bool:
    """`lakui` of `melakukan`, `tulisi` of `menulis` (whose t melts into the n), `abseni` of `absen nya`."""
    if not word.endswith("i") or len(word) < 4 or (other.endswith("i") and len(other) <= len(word)):
        return False
    return word[1:-1] in other


def _broken_words(sentences: Sequence[Sequence[Token]], reduced: dict[int, set[str]]) -> set[str]:
    """Verbs that are mostly reduced where they can be compared: they tell copies that have no original."""
    seen = Counter(w.lower() for s in sentences for w, t in s if t.upper() == VERB)
    copied = Counter(word for words in reduced.values() for word in words)
    return {word for word, n in copied.items() if n >= LEAST_SHARE * seen[word]}
