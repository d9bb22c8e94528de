"""The page in a real browser: nothing is cut or fetched, on a phone, a screen and paper, by day and night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.axe import axe_faults
from tests.browser import FOUND, Browser, Scheme, browser
from tests.stages.report.conftest import Written

pytestmark = pytest.mark.skipif(FOUND is None, reason="Chromium is not installed: apt-get install chromium")
PHONE, SCREEN = 390, 1280
LANGUAGES = ("eng", "ind", "kor")
CUT_TEXT = """
[...document.querySelectorAll('figure svg')].filter(svg => svg.getClientRects().length).flatMap(svg => {
  const room = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => {
    const at = text.getBoundingClientRect();
    const wide = at.left < room.left - 6 || at.right > room.right + 6;
    return wide || at.top < room.top - 3 || at.bottom > room.bottom + 3;
  }).map(text => text.textContent);
})
"""
WIDER_THAN_WINDOW = """
[...document.querySelectorAll('body *')].filter(e =>
  !e.closest('.scroll, pre, svg, .skip, thead') && e.getBoundingClientRect().right > innerWidth + 1
).map(e => e.tagName + '.' + e.className)
"""
WIDER_TABLES = """
[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.querySelector('table').id)
"""
GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def opened() -> Iterator[Browser]:
    with browser() as found:
        yield found


def page(report: Written) -> Path:
    return report.out / "report.html"


@pytest.mark.parametrize("width", [PHONE, SCREEN])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_the_window_and_no_word_is_cut(
    opened: Browser, by_language: dict[str, Written], language: str, width: int
) -> None:
    opened.open(page(by_language[language]), width=width)
    assert opened.run("document.documentElement.scrollWidth") == width
    assert opened.run(WIDER_THAN_WINDOW) == []
    assert opened.run(CUT_TEXT) == []
    opened.run("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert opened.run("document.documentElement.scrollWidth") == width
    assert opened.run(WIDER_TABLES) == []
    assert opened.errors == []


def test_a_phone_gets_drawings_of_its_own(opened: Browser, full: Written) -> None:
    shown = "[...document.querySelectorAll('.{}')].filter(e => e.getClientRects().length).length"
    opened.open(page(full), width=PHONE)
    assert (opened.run(shown.format("wide")), opened.run(shown.format("narrow"))) == (0, 10)
    opened.open(page(full), width=SCREEN)
    assert (opened.run(shown.format("wide")), opened.run(shown.format("narrow"))) == (10, 0)


def test_day_and_night(opened: Browser, full: Written, tmp_path: Path) -> None:
    """Four pictures are made, and none is empty: ink on paper, and paper on ink; axe-core finds nothing wrong."""
    grounds: dict[Scheme, str] = {"light": "rgb(254, 254, 254)", "dark": "rgb(18, 22, 28)"}
    for scheme, ground in grounds.items():
        for width in (PHONE, SCREEN):
            opened.open(page(full), width=width, scheme=scheme)
            assert opened.run(GROUND) == ground
            assert axe_faults(opened) == []
            picture = opened.screenshot(tmp_path / f"{width}-{scheme}.png")
            assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
            assert picture.stat().st_size > 100_000


def test_the_headline_is_seen_first(opened: Browser, full: Written) -> None:
    for width in (PHONE, SCREEN):
        opened.open(page(full), width=width, height=800)
        assert 0 < opened.run("document.querySelector('.headline').getBoundingClientRect().bottom") < 800


def test_tables_say_on_a_phone_what_each_cell_is(opened: Browser, full: Written) -> None:
    opened.open(page(full), width=PHONE)
    label = "getComputedStyle(document.querySelector('#table-benchmarks td'), '::before').content"
    assert opened.run(label) == '"n"'
    assert opened.run("getComputedStyle(document.querySelector('#table-benchmarks tr')).display") == "block"


def test_what_is_folded_can_be_opened_by_key(opened: Browser, full: Written) -> None:
    opened.open(page(full), width=SCREEN)
    opened.run("document.querySelector('summary').focus()")
    for kind in ("rawKeyDown", "char", "keyUp"):
        opened.send(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
        )
    assert opened.run("document.querySelector('details').open")


def test_it_can_be_printed(opened: Browser, full: Written) -> None:
    """A dark screen prints on white paper."""
    opened.open(page(full), width=SCREEN, scheme="dark")
    printed = opened.pdf()
    assert printed[:5] == b"%PDF-"
    assert len(printed) > 100_000
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    opened.send("Emulation.setEmulatedMedia", media="print", features=dark)
    assert opened.run(GROUND) == "rgb(255, 255, 255)"
    opened.send("Emulation.setEmulatedMedia", media="")


def test_a_page_that_is_cut_would_be_seen(opened: Browser, tmp_path: Path) -> None:
    """The measures above find what they are for."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><body style='margin:0'><p style='width:2000px'>wide</p>"
        "<figure><svg width='50' height='20' viewBox='0 0 50 20'><text x='30' y='12'>"
        "a long word</text></svg></figure>"
        "<img src='http://127.0.0.1:9/x.png'>"
    )
    opened.open(bad, width=PHONE)
    assert opened.run(WIDER_THAN_WINDOW) and opened.run(CUT_TEXT) == ["a long word"]
    assert any(fault.startswith("axe: image-alt: ") for fault in axe_faults(opened))
    assert any("fetched http://127.0.0.1:9/x.png" in line for line in opened.errors)
    opened.errors.clear()
