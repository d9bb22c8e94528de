"""Wording: the sentences of page and card in a language, and numbers as its readers write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

from rantau.records import Score
from rantau.stages.report import precision

NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
SOURCE_LANGUAGE = "eng"


class Wording:
    """Call it with a key of words/<language>.yaml or words/page/<language>.yaml and the values of its places.

    Numbers come out as text: w.number(1234.5, 1) is 1,234.5 in English and 1.234,5 in Indonesian.
    """

    def __init__(self, language: str = SOURCE_LANGUAGE) -> None:
        self.language, self._words = language, words_of(language)
        decimal, thousands = self._words["numbers.decimal"], self._words["numbers.thousands"]
        self._marks = str.maketrans({".": decimal, ",": thousands})

    def __call__(self, key: str, /, **values: str | int) -> str:
        """Raises   KeyError if the language has no such text, or the text a place without a value"""
        return self._words[key].format(**values)

    def template(self, key: str) -> str:
        """The text with its places, such as {n}."""
        return self._words[key]

    def has(self, key: str) -> bool:
        return key in self._words

    def local(self, text: str) -> str:
        """Text with English numbers in it, with the marks of this language."""
        return NUMBER.sub(lambda found: found[0].translate(self._marks), text)

    def number(self, value: float | None, digits: int) -> str:
        return self.local(precision.number(value, digits))

    def integer(self, value: int) -> str:
        return self.local(f"{value:,}")

    def figure(self, value: float) -> str:
        """As many digits as the number has, at most six that count, never in powers of ten: 0.00002."""
        return self.local(f"{Decimal(f'{value:.6g}'):f}")

    def rounded(self, value: float) -> str:
        """Three digits that count: 0.00123, 12.3, 1,230."""
        if value == 0:
            return "0"
        return self.local(f"{Decimal(f'{value:.3g}'):,f}".replace("-", "−"))

    def percent(self, share: float | None, digits: int = 1) -> str:
        if share is None:
            return precision.NOTHING
        return self("numbers.percent", number=self.number(100 * share, digits))

    def duration(self, seconds: float) -> str:
        hours, rest = divmod(round(seconds), 3600)
        minutes = rest // 60
        if hours:
            return self("numbers.hours", hours=self.integer(hours), minutes=f"{minutes:02d}")
        if seconds >= 90:
            return self("numbers.minutes", minutes=str(minutes), seconds=f"{rest % 60:02d}")
        return self("numbers.seconds", seconds=self.number(seconds, 1 if seconds < 10 else 0))

    def list(self, items: Sequence[str]) -> str:
        if len(items) < 2:
            return items[0] if items else ""
        return self("list.and", first=self("list.comma").join(items[:-1]), last=items[-1])

    def plain(self, score: Score | None) -> str:
        """The value alone, such as 91.7 % or 1.962."""
        if score is None or score.value is None:
            return precision.NOTHING
        shown = precision.scaled(score.value, score.unit)
        text = self.number(shown, precision.digits_of(score.unit, shown))
        return self("numbers.percent", number=text) if score.unit in precision.PERCENT else text

    def brackets(self, score: Score | None, *, sign: bool = False, flip: bool = False) -> str:
        """The interval, such as [19.9, 22.6], or [19,9; 22,6] where the comma is the decimal mark."""
        if score is None or score.told is None:
            return ""
        value, low, high = (precision.scaled(v, score.unit) for v in score.told)
        low, high = (-high, -low) if flip else (low, high)
        digits = precision.digits_of(score.unit, value)
        write = precision.signed if sign else precision.number
        ends = [self.local(write(end, digits)) for end in (low, high)]
        return f"[{self('numbers.between').join(ends)}]"

    def change(self, score: Score | None) -> str:
        """A change with its sign and unit: −21.3 %, +78.1 points, +9.24."""
        if score is None or score.value is None:
            return precision.NOTHING
        shown = precision.scaled(score.value, score.unit)
        text = self.local(precision.signed(shown, precision.digits_of(score.unit, shown)))
        unit = {"relative": "numbers.percent", "share": "numbers.percentage_points", "points": "numbers.points",
                "words": "numbers.words"}.get(score.unit)  # fmt: skip
        return self(unit, number=text) if unit else text

    def language_name(self, code: str, names: Mapping[str, str]) -> str:
        """names: code -> English name, for languages that this language has no word for"""
        key = f"languages.{code}"
        return self(key) if self.has(key) else names.get(code, code)

    def metric(self, name: str, language: str) -> str:
        """The name of a metric; one that is not known keeps its own. language: the target, in words

        What stands behind a colon tells variants of one metric apart: semantic_match:<encoder>.
        """
        plain, _, variant = name.partition(":")
        key = f"metric.{plain}"
        text = self(key, language=language) if self.has(key) else plain.replace("_", " ")
        return f"{text} ({variant})" if variant else text

    def p_value(self, p: float) -> str:
        if p < 0.001:
            return self("score.p_below", p=self.local("0.001"))
        return self("score.p", p=self.number(p, 3))


def upper(text: str) -> str:
    """The first letter large, but not that of a name that begins small."""
    return text if text.startswith("chrF") else text[:1].upper() + text[1:]


@lru_cache(maxsize=8)
def words_of(language: str) -> dict[str, str]:
    """Dotted key -> text: what page and card share, and what the page alone says."""
    return {**_read(f"words/{language}.yaml"), **_read(f"words/page/{language}.yaml")}


def _read(name: str) -> dict[str, str]:
    from ruamel.yaml import YAML

    text = (resources.files("rantau.stages.report") / name).read_text(encoding="utf-8")
    return dict(_flat(YAML(typ="safe", pure=True).load(text)))


def _flat(node: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", str(value)


ENGLISH = Wording()
