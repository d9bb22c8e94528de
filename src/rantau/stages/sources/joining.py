"""Tokens of a tagged Indonesian corpus -> the sentence as it was printed.

How nlp-id splits tells how to join: a comma between digits stays inside the token ("1,5"), so a separate comma
between plain numbers had a space behind it; -nya, -ku, -mu, -lah, -kah and ku- are cut off, pun and kau are not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Token = tuple[str, str]

SUFFIXES = frozenset({"nya", "mu", "Nya", "Mu"})
PARTICLES = frozenset({"lah", "kah"})
HOSTS = frozenset({"NN", "NNP", "VB", "IN", "JJ", "FW", "NUM", "ADV"})
CLOSING = frozenset(",.;:?!)]}’%")
OPENING = frozenset("([{‘")
NOISE = re.compile(r"^[*=_~`\\|<>^#]+$")
APOSTROPHE_TAILS = frozenset({"s", "an", "ah", "at", "il", "t", "re", "ve", "ll", "d", "m", "ers", "ie", "u"})


def join_tokens(tokens: Sequence[Token]) -> str:
    """The sentence with punctuation, clitics, quotes and numbers joined; unpaired quotes and brackets left out."""
    kept = [(w.strip("\u200e\u200f\u200b\ufeff"), t) for w, t in tokens if not NOISE.match(w)]
    words = [(w, t) for w, t in kept if w]
    words = _pair_brackets(words)
    glue = [_Joint(words, i) for i in range(len(words))]
    quotes = _pair_quotes(words, '"', frozenset())
    quotes |= _pair_quotes(words, "'", frozenset(i for i in range(len(words)) if _is_apostrophe(words, i)))
    return _write(words, glue, quotes)


class _Joint:
    """What the token at `i` does with the spaces beside it, quotes aside."""

    __slots__ = ("left", "right")

    def __init__(self, words: Sequence[Token], i: int) -> None:
        word, tag = words[i]
        before = words[i - 1] if i else ("", "")
        after = words[i + 1] if i + 1 < len(words) else ("", "")
        self.left = _joins_left(word, tag, before, after)
        self.right = _joins_right(word, tag, before, after)
        if word == "'" and _is_apostrophe(words, i):
            self.left = self.right = True


def _joins_left(word: str, tag: str, before: Token, after: Token) -> bool:
    host = before[0][-1:].isalnum()
    if word in SUFFIXES or word == "-nya":
        return host or before[0] == "-"
    if word in PARTICLES and tag == "RP":
        return host
    if word == "ku":
        return host and _leans_back(before, after)
    if word == "-":
        return after[0] in SUFFIXES or _between_digits(before, after)
    if word == "&":
        return _is_short_name(before[0]) and _is_short_name(after[0])
    return word == "/" or word[0] in CLOSING or (word in "–—" and _between_digits(before, after))


def _joins_right(word: str, tag: str, before: Token, after: Token) -> bool:
    if word in ("ku", "Ku"):
        verb = after[1] == "VB" or (word == "Ku" and after[0][:1].islower())
        return tag == "PR" and verb and not (before[0][-1:].isalnum() and _leans_back(before, after))
    if word in (",", "."):
        return _inside_number(before[0], after[0])
    if word == ":":
        return _between_digits(before, after)
    if word == "-":
        return after[0] in SUFFIXES or _between_digits(before, after)
    if word == "&":
        return _is_short_name(before[0]) and _is_short_name(after[0])
    return word == "/" or word in OPENING or (word in "–—" and _between_digits(before, after))


def _leans_back(before: Token, after: Token) -> bool:
    """ "teman ku" is temanku, "yang ku inginkan" is kuinginkan."""
    return before[1] in HOSTS and not (before[1] == "ADV" and after[1] == "VB")


def _between_digits(before: Token, after: Token) -> bool:
    return before[0][-1:].isdigit() and after[0][:1].isdigit()


def _inside_number(before: str, after: str) -> bool:
    """True for 55 , 8% and 6.026 , 18; a comma between plain numbers ended one of them."""
    if not (before[-1:].isdigit() and after[:1].isdigit()):
        return False
    return not (before.isdigit() and after.isdigit())


def _is_short_name(word: str) -> bool:
    return word.isupper() and len(word) <= 2


def _is_apostrophe(words: Sequence[Token], i: int) -> bool:
    """L ' Oreal, O ' Donoghue, Xi ' an, 90 ' an, Women ' s: a mark inside a word, not a quote."""
    if words[i][0] != "'" or i == 0 or i + 1 == len(words):
        return False
    before, after = words[i - 1][0], words[i + 1][0]
    if before in ("L", "O", "D", "N", "d", "Qur", "Jum", "Ma", "Sa", "Mu", "Al") and after[:1].isalpha():
        return True
    return before[-1:].isalnum() and after in APOSTROPHE_TAILS


def _pair_brackets(words: list[Token]) -> list[Token]:
    """Without brackets that are never closed or never opened."""
    pairs = {")": "(", "]": "[", "}": "{"}
    opened: list[tuple[str, int]] = []
    lone: set[int] = set()
    for i, (word, _) in enumerate(words):
        if word in pairs.values():
            opened.append((word, i))
        elif word in pairs:
            if opened and opened[-1][0] == pairs[word]:
                opened.pop()
            else:
                lone.add(i)
    lone |= {i for _, i in opened}
    return [w for i, w in enumerate(words) if i not in lone]


def _pair_quotes(words: Sequence[Token], mark: str, aside: frozenset[int]) -> dict[int, str]:
    """Position of each quote -> "open", "close", or "drop" where its partner is in another sentence."""
    places = [i for i, (w, _) in enumerate(words) if w == mark and i not in aside]
    if len(places) % 2 == 0:
        return {i: ("open", "close")[n % 2] for n, i in enumerate(places)}
    if len(places) > 1:
        paired = places[1:] if _closes(words, places[0]) else places[:-1]
        lone = ({*places} - {*paired}).pop()
        return {**{i: ("open", "close")[n % 2] for n, i in enumerate(paired)}, lone: "drop"}
    return dict.fromkeys(places, "drop")


def _closes(words: Sequence[Token], i: int) -> bool:
    """A quote right behind , . ? ! that does not start the sentence ends a speech."""
    return i > 0 and words[i - 1][0] in (",", ".", "?", "!")


def _write(words: Sequence[Token], joints: Sequence[_Joint], quotes: dict[int, str]) -> str:
    text, tight = "", True
    for i, (word, _) in enumerate(words):
        role = quotes.get(i)
        if role == "drop":
            continue
        joins_left = role == "close" or (role is None and joints[i].left)
        text += word if tight or joins_left else f" {word}"
        tight = role == "open" or (role is None and joints[i].right)
    if quotes.get(len(words) - 1) == "drop" and text.endswith(","):
        text = text[:-1] + "."  # a speech whose opening quote is in an earlier sentence
    text = re.sub(r"(?: -)+(?= - )|^[-–—•·/&+,.;:]+ +(?=\S)", "", text)
    return text.strip()
