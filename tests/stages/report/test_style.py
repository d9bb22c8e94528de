"""Colours can be told apart by people who see less: WCAG 2 AA, on paper and in the dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from rantau.stages.report.ink import COLOURS

STYLE = (files("rantau.stages.report") / "style.css").read_text(encoding="utf-8")
TEXT = ("ink", "soft", "good", "bad", "adapted")
MARKS = ("base", "adapted", "mark")


def palette(after: str) -> dict[str, str]:
    block = STYLE[STYLE.index(after) :]
    block = block[block.index(":root") :].partition("}")[0]
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})\b", block))


PALETTES = {
    "light": palette(":root"),
    "dark": palette("prefers-color-scheme: dark"),
    "print": palette("@media print"),
}


def luminance(code: str) -> float:
    code = code[1:] if len(code) == 7 else "".join(2 * c for c in code[1:])
    channels = [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_defined() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", PALETTES)
def test_text_and_marks_stand_out(name: str) -> None:
    colours = PALETTES[name]
    for ground in ("paper", "raised"):
        for text in TEXT:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for mark in MARKS:
            assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


def test_files_beside_the_page_have_the_colours_of_the_page() -> None:
    assert {name: PALETTES["light"][name] for name in COLOURS} == COLOURS
