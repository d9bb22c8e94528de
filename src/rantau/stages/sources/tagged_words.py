"""Sentences of a tagged corpus, one word and tag a line, joined to running text again.

Written for `nlp_id/data/dataset_postag.txt`, 32,780 Indonesian news sentences of kumparan. More than half of them
are machine-made copies (copied_sentences.py); those and fragments are left out, each with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rantau import files
from rantau.stages.sources.copied_sentences import Token, find_copies
from rantau.stages.sources.joining import join_tokens
from rantau.stages.sources.rows import Row, Unusable

MIN_WORDS = 4
MIN_LETTER_SHARE = 0.7
ENDS = re.compile(r"[.?!][\"')\]]*$|[.?!,][\"']$")
ABBREVIATION_ENDS = re.compile(r"(?:^|[\s(])(?:[A-Z]|No|Jl|Jln|Dr|dr|Prof|St|Rp|Tbk|RT|RW|Kec|Kel|Kab|\d{1,2})\.$")
LIST_NUMBER = re.compile(r"^\d{1,2}\. (?=\w)|(?<=[.?!)\"']) \d{1,2}\.$")
LISTING = re.compile(r"\( dot \)|\b(?:Telepon|Telp|Fax|Website|Email|Alamat|Instagram) ?:|page_id=", re.IGNORECASE)


def read_tagged_words(origin: str, path: Path) -> Iterator[Row | Unusable]:
    """One document for each sentence; its number is the line of its first word."""
    sentences, broken = _sentences(origin, path)
    copies = find_copies([tokens for _, tokens in sentences])
    by_line: dict[int, Row | Unusable] = dict(broken)
    for n, (line, tokens) in enumerate(sentences):
        if line not in by_line:
            by_line[line] = _sentence(origin, path.name, line, n + 1, tokens, n in copies)
    for line in sorted(by_line):
        yield by_line[line]


def _sentence(
    origin: str, file: str, line: int, ordinal: int, tokens: list[Token], is_copy: bool
) -> Row | Unusable:
    text = LIST_NUMBER.sub("", join_tokens(tokens))
    reason = "copy with a broken verb" if is_copy else not_a_sentence(text)
    if reason:
        return Unusable(origin, file, line, ordinal, reason, text[:200], unit="line")
    return Row(origin, file, line, ordinal, {"text": text}, "line")


def not_a_sentence(text: str) -> str | None:
    """Why a text is no use as a sentence, or None."""
    words = re.findall(r"[^\W\d_]+(?:[-'][^\W\d_]+)*", text)
    if len(words) < MIN_WORDS:
        return f"fewer than {MIN_WORDS} words"
    if LISTING.search(text):
        return "address or contact list"
    visible = [c for c in text if not c.isspace()]
    if sum(c.isalpha() for c in visible) < MIN_LETTER_SHARE * len(visible):
        return "mostly digits and signs"
    if not ENDS.search(text) or ABBREVIATION_ENDS.search(text):
        return "no sentence end"
    return None


def _sentences(origin: str, path: Path) -> tuple[list[tuple[int, list[Token]]], list[tuple[int, Unusable]]]:
    """(line of the first word, tokens) of every sentence; sentences with a line that is no word and tag apart."""
    sentences: list[tuple[int, list[Token]]] = []
    broken: list[tuple[int, Unusable]] = []
    tokens: list[Token] = []
    for number, line in enumerate([*files.read_text(path).split("\n"), ""], start=1):
        if line.strip():
            word, tab, tag = line.rstrip("\r").partition("\t")
            tokens.append((word.strip(), tag.split("\t")[0].strip()))
            if not tab or not word.strip():
                detail = 'a line is "word TAB tag"'
                start = number - len(tokens) + 1
                bad = Unusable(origin, path.name, start, len(sentences) + 1, "no tag", line[:200], detail, "line")
                broken.append((start, bad))
        elif tokens:
            sentences.append((number - len(tokens), tokens))
            tokens = []
    return sentences, broken
