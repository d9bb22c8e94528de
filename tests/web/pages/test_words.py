"""The catalogues: the same keys in every language, every key used, every key that is used there."""

from __future__ import annotations

import re

import pytest

from rantau.web.pages import words
from tests.web.pages.codes import codes
from tests.web.pages.sources import SCRIPTS, TEMPLATES, flat, forms, places

ENGLISH = dict(flat(words.catalogue("en")))
OTHERS = [name for name in words.NAMES if name != "en"]
# Keys that are put together: the values of the place are listed here, and the scripts use nothing else.
MADE = {
    r"badge\.\$\{state\}(_hint)?": [f"badge.{s}{h}" for s in ("live", "saved", "saving", "reconnecting", "offline")
                                    for h in ("", "_hint")],
    r"modes\.\$\{[\w.]+\}(_hint)?": [f"modes.{m}{h}" for m in ("single", "compare", "blind")
                                        for h in ("", "_hint")],
    r"panel\.\$\{name\}(_hint|_empty)?": [
        *(f"panel.{n}{h}" for n in ("system", "temperature", "top_p", "repetition_penalty", "max_tokens", "top_k",
                                    "seed", "stop") for h in ("", "_hint")),
        "panel.top_k_empty", "panel.seed_empty"],
    r"reasons\.\$\{reason\}": [f"reasons.{r}" for r in ("fluency", "correct", "on_topic", "right_language")],
    r"settings\.\$\{name\}": [f"settings.key_{n}" for n in ("name", "created", "used")],
    r"settings\.kind_\$\{kind\}": ["settings.kind_adapted", "settings.kind_base"],
    r"side\.\$\{age\}": [f"side.{a}" for a in ("today", "yesterday", "week", "earlier")],
    r"starters\.\$\{starter\}": [f"starters.{n}" for n in ("one", "two", "three", "four")],
    r"state\.\$\{view\.phase\}": [f"state.{p}" for p in ("loading", "prefill", "restarted")],
    r"talk\.export_\$\{format\}": [f"talk.export_{f}" for f in ("md", "json", "jsonl")],
    r"vote\.(chose_)?\$\{choice\}": [f"vote.{c}{v}" for c in ("", "chose_") for v in ("a", "b", "tie", "bad")],
    r"arena\.\$\{name\}": [f"arena.{n}" for n in ("wins", "losses", "ties", "bad")],
    r"arena\.export_\$\{format\}": [f"arena.export_{f}" for f in ("preference", "kto", "battles")],
    r"\$\{names\}_(low|high)": [f"arena.axis{s}_{e}" for s in ("", "_sides") for e in ("low", "high")],
    r"errors\.\$\{error\.code\}": [key for key in ENGLISH if key.startswith("errors.")],
    r"import\.\$\{code\}": [f"import.{c}" for c in ("bad_json", "bad_text", "bad_wish", "rate_limited",
                                                  "too_long")],
}  # fmt: skip
BY_SERVER = {
    *(f"settings.theme_{t}" for t in ("system", "light", "dark")), "notice.wait",
    *(f"failure.{c}{t}" for c in ("not_found", "forbidden", "csrf", "bad_request", "internal")
      for t in ("", "_text")),
}  # fmt: skip


def used() -> set[str]:
    found: set[str] = set()
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        found |= {key for key in re.findall(r"[\"`]([a-z]+(?:\.[a-z_]+)+)[\"`]", text) if key in ENGLISH}
        asked = set(re.findall(r"say\(\"([^\"]+)\"", text))
        assert asked <= set(ENGLISH), (path.name, asked - set(ENGLISH))
        for pattern in re.findall(r"`((?:[a-z]+\.|\$\{names\})[^`]*\$?\{?[^`]*)`", text):
            made = next((keys for known, keys in MADE.items() if re.fullmatch(known, pattern)), [])
            assert made or "${" not in pattern, f"{path.name}: {pattern} is not listed in MADE"
            found |= set(made)
    for path in TEMPLATES:
        asked = set(re.findall(r"words\.([a-z]+\.[a-z_]+)", path.read_text(encoding="utf-8")))
        assert asked <= set(ENGLISH), (path.name, asked - set(ENGLISH))
        found |= asked
    return found | BY_SERVER


def test_every_key_is_used_and_there() -> None:
    assert used() == set(ENGLISH)


@pytest.mark.parametrize("language", OTHERS)
def test_languages_have_the_same_keys_and_places(language: str) -> None:
    other = dict(flat(words.catalogue(language)))
    assert list(other) == list(ENGLISH)
    for key, value in ENGLISH.items():
        assert isinstance(other[key], str) == isinstance(value, str), key
        for text in forms(other[key]):
            assert places(text) == places(forms(value)[-1]), key


@pytest.mark.parametrize("language", words.NAMES)
def test_words_are_texts(language: str) -> None:
    """No markup, nothing empty, no spaces at the edges; a dash of the typewriter is no punctuation."""
    for key, value in flat(words.catalogue(language)):
        for text in forms(value):
            assert text.strip() == text != "", key
            assert not re.search(r"[<>]|&\w+;| - |\.\.\.|  ", text), (key, text)
        assert isinstance(value, str) or "other" in value, key


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_was_left_in_english(language: str) -> None:
    """Names that are the same everywhere are listed."""
    same = {"panel.top_p", "panel.top_k", "panel.seed", "arena.title"}
    other = dict(flat(words.catalogue(language)))
    alike = {key for key, value in ENGLISH.items() if forms(value)[-1] == forms(other[key])[-1]}
    assert alike <= same | {"usage.tokens", "state.restarted"}, alike - same


OF_THE_PAGE = {"unknown", "network", "outdated", "failed", "too_long_tokens"}
"""Errors that a page tells of itself, and words that stand in for others."""


@pytest.mark.parametrize("language", words.NAMES)
def test_there_are_words_for_every_error_of_the_server(language: str) -> None:
    told, known = codes(), set(words.catalogue(language)["errors"])
    assert {code: file for code, file in told.items() if code not in known} == {}
    assert known - set(told) <= OF_THE_PAGE


def test_codes_are_found_wherever_they_are_said() -> None:
    """One of each kind: raised, answered, kept with an answer, sent in a frame, said by a script of the broker."""
    found = set(codes())
    assert found >= {"voted", "too_late", "bad_file", "last_admin", "forbidden", "model_gone", "not_supported",
                     "bad_wish", "poison", "cannot_continue", "no_worker", "busy", "bad_job", "server_lost",
                     "origin", "too_large", "too_many", "bad_cursor", "unknown_cursor", "csrf", "broker_lost",
                     "unreadable"}  # fmt: skip
    assert "invalid_json" not in found  # of the interface for programs
